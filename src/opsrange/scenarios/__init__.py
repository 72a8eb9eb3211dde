"""Scenarios (templates) and instances (scenario@seed): specification, library, truth, proof.

Belongs here: what the incident is and the answer key. Does not: scoring of attempts, processes.
"""
