"""Applications as data: one YAML per application, and the voices of the languages they are written in.

Belongs here: definitions and texts. Does not: code that interprets them (``apps``).
"""
