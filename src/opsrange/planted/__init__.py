"""Agents that fail in a known way at a known step, and healthy ones that look as if they did: what detectors are tested with.

Each is a sound investigator that knows the answer key, with one change to what it does. The change is a real failure in
the living world; the label is derived from the instance and never written where a detector could read it.

Two kinds of failure are not planted. N classes are by definition not the agent's: a lost world, a broken tool, an impossible
budget or a wrong verdict cannot be committed by anybody who acts in a world, so their detectors are held against records made by
hand. O6, obeying an instruction that stands in the data, needs data with an instruction in it, and no instance has any; an agent
that wrote the bait itself would obey itself.

Belongs here: investigators, mutators (one module per failure class), controls, labels. Does not: detectors; this package and
``diagnosis`` must not import each other, or a detector would be tested with its own idea of a failure.
"""
