"""What gates prevented and what they cost, as readers see it.

Belongs here: wording and the curve. Does not: measuring (``scoring.oversight``), decisions about a single command (``timeline``).
"""
