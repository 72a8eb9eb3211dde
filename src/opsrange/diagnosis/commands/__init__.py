"""Command lines as data: kubectl's grammar, and the error words of kubectl and the shell.

Belongs here: what a command says and what its error means, whoever ran it. Does not: the shell's grammar (``shell``), attempts (``reading``), rules (``classes``).
"""
