"""Documents cost an estate nothing: without a rule it is the same to the byte, with or without people around it."""

from __future__ import annotations

from opsrange.estates import Estate
from opsrange.scenarios.governance import Governance


def test_people_and_documents_change_no_estate() -> None:
    governance = Governance(None, "plain@1")
    alone, furnished = Estate("plain@1"), Estate("plain@1", governance.furnish)
    governance.settle(furnished, {"service": "cart"})
    assert governance.documents("full")
    assert alone.kernel.journal.digest == furnished.kernel.journal.digest
