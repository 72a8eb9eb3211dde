"""What a document says, before somebody's style has given it a form."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from opsrange.corpus.enterprise import Team


class Kind(StrEnum):
    """The kinds of document that people keep."""

    RUNBOOK = "runbook"
    POST_MORTEM = "post_mortem"
    ARCHITECTURE = "architecture"
    TICKET = "ticket"
    CHAT = "chat"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The content of one document. What its parts mean depends on the kind.

    ============  ===================  ===================  ===============================
    kind          ``lead``             ``points``           ``notes``
    ============  ===================  ===================  ===============================
    runbook       when it applies      steps, in order      what else to know
    post_mortem   what happened        the timeline         what was decided
    architecture  what it is           how it works         decisions and limits
    ticket        the request          comments, in order   how it was closed
    chat          the channel's topic  messages, in order   (none)
    ============  ===================  ===================  ===============================
    """

    kind: Kind
    title: str
    team: Team
    """Who owns the document."""
    age_days: int
    """Since it was last changed."""
    lead: str
    points: tuple[str, ...]
    notes: tuple[str, ...] = ()
