"""Oversight: who may stop a command before it runs, what they are shown, and what is written down about it.

Belongs here: previews as gates use them, gates, approvers, policy files, the audit trail. Does not: what counts as harm
(``scoring``, handed in as a function), how previews are made (``seat``), whether a gate was worth its price (``scoring``).
"""
