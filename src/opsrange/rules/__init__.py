"""Local rules: the protocol, and a catalogue with one module per rule, discovered from the directory.

Belongs here: what an enterprise has decided for itself and written down, how one acts on it, how a breach shows in state.
Does not: what breaks (``faults``), which incident uses a rule (``scenarios``), how documents look (``corpus``).
"""

from opsrange.rules.conduct import Breach, Conduct, Deed
from opsrange.rules.rule import Paper, Role, Rule, Setting, find, rules

__all__ = [
    "Breach",
    "Conduct",
    "Deed",
    "Paper",
    "Role",
    "Rule",
    "Setting",
    "find",
    "rules",
]
