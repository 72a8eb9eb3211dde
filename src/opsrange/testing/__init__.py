"""Public test equipment: a scripted model server, a toy world, conformance suites.

Belongs here: what users of the package test with too. Does not: tests.
"""
