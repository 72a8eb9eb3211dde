"""Proof by intervention: that an instance is what its author says, shown on the living world.

Belongs here: the checks an instance must pass before an agent meets it. Does not: verdicts on attempts (scoring).
"""
