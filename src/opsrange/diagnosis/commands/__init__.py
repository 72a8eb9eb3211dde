"""Command lines as data: the shell's grammar, kubectl's, and the error words of both.

Belongs here: what a command says and what its error means, whoever ran it. Does not: attempts (``reading``), rules (``classes``).
"""
