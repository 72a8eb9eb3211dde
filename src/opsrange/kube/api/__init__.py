"""The Kubernetes API over :mod:`opsrange.wire`: routing, verbs, watches, tables, discovery. Sans-I/O.

Belongs here: what HTTP adds to the store and the registry. Does not: storage, defaults, admission (``kube``), kinds, sockets.
"""
