"""Controllers: one pure reconcile per module, all driven by the same loop.

Belongs here: what kube-controller-manager does. Does not: what happens on a node or for one (``kube/node``),
what the API server does in a request (``kube/admission``).
"""
