"""The HTTP APIs of Prometheus, Alertmanager and Jaeger as handlers.

Belongs here: paths, parameters, envelopes. Does not: sockets (``hosting``), what is answered (the stores).
"""
