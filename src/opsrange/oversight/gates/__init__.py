"""One module per gate; each defines GATE. Adding one edits no other file.

Belongs here: what a gate lets pass, refuses or asks about. Does not: who is asked, what is shown.
"""
