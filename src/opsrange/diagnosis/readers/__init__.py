"""Transcripts of other harnesses as attempts. What a file is, its content says, never its name.

Belongs here: one module per format. Does not: Inspect's logs (``tasks``), rules (``classes``).
"""
