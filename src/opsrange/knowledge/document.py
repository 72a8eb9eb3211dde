"""One document, and its one form as text."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from enum import StrEnum
from pathlib import PurePosixPath

from pydantic import ConfigDict

from opsrange.errors import OperatorError
from opsrange.trace import Record


class Kind(StrEnum):
    """What sort of document it is."""

    RUNBOOK = "runbook"
    POST_MORTEM = "post_mortem"
    ARCHITECTURE = "architecture"
    TICKET = "ticket"
    CHAT = "chat"
    DOCUMENT = "document"
    """One of the user's own that does not say."""


class Document(Record):
    """A document of the enterprise. Nothing in it tells whether it is the one that matters."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    title: str
    kind: Kind = Kind.DOCUMENT
    owner: str = ""
    date: str = ""
    """``YYYY-MM-DD``; empty when unknown."""
    body: str

    @property
    def text(self) -> str:
        """As it is shown, filed and handed over: front matter, then the body."""
        fields = {
            "id": self.id,
            "title": self.title,
            "kind": self.kind.value,
            "owner": self.owner,
            "date": self.date,
        }
        lines = [f"{name}: {' '.join(value.split())}" for name, value in fields.items() if value]
        return "\n".join(["---", *lines, "---", self.body.strip("\n"), ""])

    @property
    def written_s(self) -> int:
        """Its date in seconds since the epoch; 0 when that is unknown."""
        try:
            return int(dt.datetime.fromisoformat(self.date).replace(tzinfo=dt.UTC).timestamp())
        except ValueError:
            return 0

    @property
    def file_name(self) -> str:
        """Where it lies below a folder of documents."""
        parts = [part for part in PurePosixPath(self.id).parts if part not in {"/", "..", "."}]
        name = "/".join(parts) or "document"
        return name if name.endswith((".md", ".txt")) else f"{name}.md"


def by_id(documents: Iterable[Document]) -> dict[str, Document]:
    """Documents by their ids.

    Raises:
        OperatorError: when two documents share one.
    """
    found: dict[str, Document] = {}
    for document in documents:
        if document.id in found:
            raise OperatorError(
                f"asked for documents; two have the id {document.id!r} "
                f"({found[document.id].title!r} and {document.title!r}); rename one"
            )
        found[document.id] = document
    return found
