"""Faults: the protocol, and a catalogue with one module per fault, discovered from the directory.

Belongs here: how something breaks, how it is undone, what may be touched in repairing it. Does not: which scenario uses it.
"""

from opsrange.faults.fault import Cause, Fact, Family, Fault, Remedy, faults, find, normal

__all__ = ["Cause", "Fact", "Family", "Fault", "Remedy", "faults", "find", "normal"]
