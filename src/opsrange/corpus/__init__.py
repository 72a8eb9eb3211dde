"""The documents an enterprise would have: runbooks, post-mortems, architecture notes, tickets, chat excerpts.

Belongs here: who works there, how they write, what they wrote about nothing in particular. Does not: what governs an incident
(``rules``), searching (``knowledge``).
"""

from opsrange.corpus.collection import collection
from opsrange.corpus.enterprise import Enterprise, Team, enterprise
from opsrange.corpus.sheet import Kind, Sheet
from opsrange.corpus.styles import day

__all__ = ["Enterprise", "Kind", "Sheet", "Team", "collection", "day", "enterprise"]
