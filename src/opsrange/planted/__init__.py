"""Agents that fail in a known way at a known step, and healthy ones that look as if they did: what detectors are tested with.

Each is a sound investigator that knows the answer key, with one change to what it does. The change is a real failure in
the living world; the label is derived from the instance and never written where a detector could read it.

Belongs here: investigators, mutators (one module per failure class), controls, labels. Does not: detectors; this package and
``diagnosis`` must not import each other, or a detector would be tested with its own idea of a failure.
"""
