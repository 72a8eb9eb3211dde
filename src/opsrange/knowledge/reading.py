"""Which documents a command's output showed, by their own lines: whatever program read the files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from opsrange.knowledge.document import Document

LINE_CHARS_MIN = 16
"""Shorter lines ("Steps:") are anybody's."""
OPENED_SHARE = 0.9
"""Of a document's own lines, from which on it counts as shown in whole."""
_FOUND_BY_GREP = re.compile(r"^(?:[^\s:]+[:-])?(?:\d+[:-])?\s*")


@dataclass(frozen=True, slots=True)
class Reading:
    """How much of one document an output showed."""

    id: str
    whole: bool
    shown_chars: int


class Reader:
    """Recognises documents by the lines that no other document has.

    Args:
        documents: what could be read.
    """

    def __init__(self, documents: Iterable[Document]) -> None:
        self._owner: dict[str, str | None] = {}
        for document in documents:
            for line in dict.fromkeys(_lines(document.body)):
                self._owner[line] = None if line in self._owner else document.id
        self._own: dict[str, int] = {}
        for owner in self._owner.values():
            if owner is not None:
                self._own[owner] = self._own.get(owner, 0) + 1

    def read(self, output: str) -> list[Reading]:
        """The documents that an output showed something of, in the order they appear."""
        seen: dict[str, set[str]] = {}
        for line in _lines(output):
            for candidate in (line, _FOUND_BY_GREP.sub("", line)):
                owner = self._owner.get(candidate)
                if owner is not None:
                    seen.setdefault(owner, set()).add(candidate)
        return [
            Reading(
                owner,
                whole=len(lines) >= OPENED_SHARE * self._own[owner],
                shown_chars=sum(len(line) for line in lines),
            )
            for owner, lines in seen.items()
        ]


def _lines(text: str) -> Iterator[str]:
    for line in text.splitlines():
        plain = " ".join(line.split())
        if len(plain) >= LINE_CHARS_MIN:
            yield plain
