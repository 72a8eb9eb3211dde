"""Diagnoses of scripted characters, held against what those characters are.

Belongs here: the comparison, as readers see it. Does not: characters and what is expected of them (``agents``), diagnosing (``diagnosis``).
"""
