"""Endpoints around the parts' own APIs: the shop's front door, and what keeps any endpoint from ending an attempt.

Belongs here: handlers over handlers. Does not: any part's API (``kube``, ``telemetry``).
"""
