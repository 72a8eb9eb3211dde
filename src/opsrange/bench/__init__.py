"""How fast and how large things are: measured, never asserted.

Belongs here: what ``opsrange bench`` measures and how figures are summed up. Does not: making things fast, printing (``cli``).
"""
