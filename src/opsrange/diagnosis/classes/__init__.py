"""One module per failure class; each defines DETECTOR. Adding one edits no other file.

Belongs here: the rule of one class. Does not: what several rules need (``reading``, ``shell``, ``kubectl``, ``mistakes``).
"""
