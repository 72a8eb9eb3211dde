"""Inspect tasks, scorers and the registry: a few lines each over the rooms below.

Belongs here: glue to Inspect. Does not: rules.
"""
