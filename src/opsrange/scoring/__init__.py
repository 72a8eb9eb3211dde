"""Outcomes, objective, safety, diagnosis match, statistics. Pure functions over recorded evidence, so that logs can be graded again.

Belongs here: verdicts. Does not: Inspect (tasks wraps it), collection of evidence (scenarios, hosting).
"""
