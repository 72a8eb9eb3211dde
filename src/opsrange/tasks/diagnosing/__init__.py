"""Diagnosis over Inspect: samples as attempts, logs and foreign transcripts as diagnoses, a second opinion by a model.

Belongs here: glue between logs and ``diagnosis``. Does not: rules (``diagnosis``), pages (``reports``).
"""
