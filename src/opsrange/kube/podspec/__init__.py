"""Pod specifications, wherever they occur: defaults, rules, and the words printed about pods and containers.

Belongs here: what a Pod and a pod template share. Does not: what a workload adds around its template (``kinds``).
"""
