"""Full-text search: SQLite's FTS5 with BM25 and Porter stemming.

Lexical on purpose: on technical collections it ties with small embedding models, and ids and error codes must be found
exactly. See https://www.sqlite.org/fts5.html.
"""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path

from opsrange.knowledge.document import Document
from opsrange.trace import Record

QUERY_WORDS_MAX = 32
"""Distinct words of a query that count; a pasted log line has fewer."""
RANKED_MAX = 1_500
"""Occurrences that are ranked for one query, the rarest terms' first: at 4 µs each, what keeps a search below 20 ms."""
SNIPPET_WORDS = 24
_WORD = re.compile(r"\w+(?:[^\w\s]+\w+)*")
"""Letters and digits, and what joins them: ``ORA-00060``, ``shop/Deployment/cart`` and ``10.0.3.7`` are one word each."""
_PART = re.compile(r"[^\W_]+")
_HUMP = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_WEIGHTS = (4.0, 4.0, 1.0)
"""Of id, title and body: a hit in a name says more than one in prose."""


class Hit(Record):
    """One document that was found."""

    id: str
    title: str
    snippet: str


class Index:
    """A searchable set of documents. Threads may share it.

    Args:
        documents: what can be found.
        path: of the database; replaced when it exists. In memory when ``None``.

    Raises:
        sqlite3.Error: when the file cannot be written.
    """

    def __init__(self, documents: Iterable[Document], path: Path | None = None) -> None:
        if path is not None:
            path.unlink(missing_ok=True)
        self._lock = threading.Lock()
        self._database = sqlite3.connect(path or ":memory:", check_same_thread=False)
        with self._lock, self._database:
            self._database.execute(
                "CREATE VIRTUAL TABLE documents USING fts5(id, title, body, tokenize='porter unicode61 remove_diacritics 2')"
            )
            self._size = self._database.executemany(
                "INSERT INTO documents VALUES (?, ?, ?)",
                ([_plain(part) for part in (each.id, each.title, each.body)] for each in documents),
            ).rowcount
            self._database.execute("INSERT INTO documents(documents) VALUES ('optimize')")

    def search(self, query: str, limit: int = 5) -> list[Hit]:
        """The best documents for a query, best first. Any text is a query; one without words finds nothing.

        Args:
            query: words, ids, error codes, in any order.
            limit: at most so many.
        """
        with self._lock:
            expression = " OR ".join(self._telling(terms_of(query)))
            if not expression or limit < 1:
                return []
            rows = self._database.execute(
                "SELECT id, title, snippet(documents, 2, '', '', '…', ?) FROM documents "
                "WHERE documents MATCH ? AND rank MATCH ? ORDER BY rank, id LIMIT ?",
                (SNIPPET_WORDS, expression, f"bm25{_WEIGHTS}", limit),
            ).fetchall()
        return [
            Hit(id=id_, title=title, snippet=" ".join(snippet.split()))
            for id_, title, snippet in rows
        ]

    def _telling(self, terms: Iterable[str]) -> list[str]:
        """The terms worth ranking by, rarest first: what half of the documents hold tells nothing, to BM25 either."""
        counts = {term: self._count(term) for term in terms}
        found = sorted((term for term in counts if counts[term]), key=lambda term: counts[term])
        ranked = 0
        chosen: list[str] = []
        for term in found:
            ranked += counts[term]
            if chosen and (ranked > RANKED_MAX or 2 * counts[term] > self._size):
                break
            chosen.append(term)
        return chosen

    def _count(self, term: str) -> int:
        (count,) = self._database.execute(
            "SELECT count(*) FROM documents WHERE documents MATCH ?", (term,)
        ).fetchone()
        return int(count)

    def close(self) -> None:
        """Free it."""
        self._database.close()


def terms_of(query: str) -> list[str]:
    """The terms of a query as FTS5 reads them, whatever the query is.

    A joined word is a phrase, and its parts count too; ``NetworkPolicy`` also asks for network policies.
    """
    terms: dict[str, None] = {}
    words = {word.lower(): word for word in _WORD.findall(_plain(query))}
    for word in list(words.values())[:QUERY_WORDS_MAX]:
        parts = _PART.findall(word)
        humped = [" ".join(_HUMP.findall(part)) for part in parts]
        phrases = [" ".join(parts), *parts, *(phrase for phrase in humped if " " in phrase)]
        terms |= dict.fromkeys(phrase.lower() for phrase in phrases if phrase)
    return [f'"{term}"' for term in terms]


def _plain(text: str) -> str:
    """Without what SQLite cannot hold: NUL, at which it stops reading, and halves of surrogate pairs."""
    return text.replace("\0", " ").encode(errors="replace").decode()
