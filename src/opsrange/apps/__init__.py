"""Application models: service graph, traffic, queueing, retries, pools, memory; one module or YAML per application.

Belongs here: how software behaves under load and faults. Does not: Kubernetes, storage of telemetry.
"""
