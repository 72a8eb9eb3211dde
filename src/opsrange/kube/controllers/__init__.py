"""One pure reconcile per controller, scheduler and kubelet included.

Belongs here: desired state to actual state. Does not: HTTP, admission, tables.
"""
