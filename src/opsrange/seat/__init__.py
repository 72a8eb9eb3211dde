"""Where the agent sits: the sandboxed shell, its toolbox and network; the Inspect sandbox provider.

Belongs here: everything the agent can touch directly. Does not: truth, faults, scoring; the import contract forbids them.
"""
