"""Figures of document search, over a collection as large as an enterprise's."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

from opsrange.bench.figure import Figure, figure
from opsrange.knowledge.document import Document
from opsrange.knowledge.index import Index

DOCUMENTS = 10_000
_VOCABULARY = 20_000
_BODY_WORDS = 250
_QUERY_WORDS = 4


def search_figures(*, quick: bool) -> Iterator[tuple[str, Figure]]:
    """Building an index of 10,000 documents, and searching it for words drawn as those of the documents were.

    Args:
        quick: fewer repeats.
    """
    stream = random.Random("opsrange bench")
    words = [f"word{number}" for number in range(_VOCABULARY)]
    zipf = [1 / rank for rank in range(1, _VOCABULARY + 1)]

    def text(count: int) -> str:
        return " ".join(stream.choices(words, zipf, k=count))

    documents = [
        Document(id=f"KB-{number:05}", title=text(6), body=text(_BODY_WORDS))
        for number in range(DOCUMENTS)
    ]
    started_s = time.perf_counter()
    index = Index(documents)
    yield "index_10000_documents", figure([time.perf_counter() - started_s], "s")
    took_ms = []
    for _ in range(20 if quick else 200):
        query = text(_QUERY_WORDS)
        started_s = time.perf_counter()
        index.search(query)
        took_ms.append((time.perf_counter() - started_s) * 1000)
    index.close()
    yield "search_10000_documents", figure(took_ms, "ms", 20.0)
