"""A Kubernetes API twin: store, API semantics, kinds, controllers. Sans-I/O: no sockets, no wall clock.

Belongs here: what any Kubernetes cluster does. Does not: the application that runs in it (apps), metrics and alerts (telemetry).
"""
