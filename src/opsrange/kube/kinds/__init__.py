"""One module per resource family, discovered from this directory: names, columns, defaults, strategies, schemas.

Belongs here: what is particular to a kind. Does not: storage, HTTP semantics (kube), behaviour over time (controllers).
"""
