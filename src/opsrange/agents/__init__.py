"""Agents without a model: oracle, null, constant, cheats, and the rule-based triage, as an Inspect model provider.

Belongs here: policies that act through the seat like any model. Does not: anything that a real model could not do, the oracle's knowledge excepted.
"""
