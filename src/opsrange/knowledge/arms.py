"""The arms of the experiment: which documents an agent gets, and how."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from opsrange.agents.prompts import DOCUMENTS_HEADING
from opsrange.errors import OperatorError
from opsrange.knowledge.document import Document, by_id

HANDED_CHARS_MAX = 400_000
"""Of documents in a prompt: about 100,000 tokens, what today's models read in one piece."""
FOLDER = "docs"
"""Where documents lie in the seat's home."""


class Arm(StrEnum):
    """One condition; everything else of an attempt is the same in all of them."""

    NONE = "none"
    """No documents."""
    BM25 = "bm25"
    """All documents, through search."""
    SHELL = "shell"
    """All documents, as files."""
    FULL = "full"
    """All documents, in the prompt."""
    GOLDEN = "golden"
    """Only those that govern the incident, in the prompt: the ceiling."""
    GOLDEN_DECOYS = "golden_decoys"
    """Those that govern and those that resemble them, through search."""
    STALE = "stale"
    """Search over a collection whose governing documents are gone; what they superseded is still there."""


SEARCHED = frozenset({Arm.BM25, Arm.GOLDEN_DECOYS, Arm.STALE})
"""Arms with ``search_docs`` and ``open_doc``."""
HANDED = frozenset({Arm.FULL, Arm.GOLDEN})
"""Arms with the documents in the prompt."""
WITHOUT_OWN = frozenset({Arm.GOLDEN, Arm.GOLDEN_DECOYS, Arm.STALE})
"""Arms that need to know which documents govern; of one's own that is not known."""

_WORDS = {
    **dict.fromkeys(
        SEARCHED,
        "search_docs(query, limit) searches the company's documents, and open_doc(id) shows one.\n",
    ),
    **dict.fromkeys(HANDED, "Documents of the company come with the page.\n"),
    Arm.SHELL: f"The company's documents are files below ~/{FOLDER}.\n",
    Arm.NONE: "",
}


@dataclass(frozen=True, slots=True)
class Provision:
    """What a task gives its agents to read.

    Args:
        arm: how.
        own: documents of one's own beside the incident's.
    """

    arm: Arm = Arm.NONE
    own: tuple[Document, ...] = ()

    @property
    def words(self) -> str:
        """What the prompt says of it; empty when there is nothing to say."""
        return _WORDS[self.arm]


def provision(arm: str, own: Sequence[Document] = ()) -> Provision:
    """A provision that can be carried out.

    Raises:
        OperatorError: for an unknown arm, an arm that makes no sense of one's own documents, or too many for a prompt.
    """
    if arm not in list(Arm):
        known = ", ".join(Arm)
        near = difflib.get_close_matches(arm, list(Arm), 1)
        hint = f"did you mean {near[0]}?" if near else f"known are {known}"
        raise OperatorError(f"asked for documents by the arm {arm!r}; {hint}")
    chosen = Arm(arm)
    if own and chosen in WITHOUT_OWN:
        raise OperatorError(
            f"asked for the arm {arm} with documents of your own; it needs to know which of them govern; "
            "use bm25, shell or full"
        )
    by_id(own)
    if chosen is Arm.FULL:
        handed_over(own)
    return Provision(chosen, tuple(own))


def handed_over(documents: Iterable[Document]) -> str:
    """Documents as one message beside the page.

    Raises:
        OperatorError: when they are longer than a prompt may be.
    """
    texts = [document.text for document in documents] or ["There are none about this."]
    text = "\n".join([DOCUMENTS_HEADING, "", *texts])
    if len(text) > HANDED_CHARS_MAX:
        raise OperatorError(
            f"asked for all documents in the prompt; they hold {len(text):,} characters, the most is {HANDED_CHARS_MAX:,}; "
            "use the arm bm25 or shell"
        )
    return text
