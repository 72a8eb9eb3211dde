"""The command line: one file per noun.

Belongs here: arguments, printing, exit codes. Does not: work that another program could want.
"""
