"""Search finds ids, error codes and word forms, best first, and any text is a query."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsrange.knowledge.document import Document
from opsrange.knowledge.index import RANKED_MAX, Index
from opsrange.testing import toy_documents

INDEX = Index(
    [
        *toy_documents.ALL,
        Document(
            id="TCK-9", title="Deadlock", body="Sessions die with ORA-00060 on shop/Pod/db-0."
        ),
        Document(
            id="TCK-10", title="Timeout", body="Sessions die with ORA-00020 at 10.0.3.7:5432."
        ),
        Document(id="AN-5", title="Who calls whom", body="Every namespace has network policies."),
        Document(
            id="PM-3", title="Out of memory", body="The kernel's OOMKilled; café was ERR_NO_MEM."
        ),
    ]
)


def found(query: str, limit: int = 5) -> list[str]:
    return [hit.id for hit in INDEX.search(query, limit)]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("RB-0107", "RB-0107"),
        ("CART-4711", "RB-0107"),
        ("what does cart-4711 mean?", "RB-0107"),
        ("ORA-00060", "TCK-9"),
        ("ora-00020", "TCK-10"),
        ("10.0.3.7", "TCK-10"),
        ("shop/Pod/db-0", "TCK-9"),
        ("ERR_NO_MEM", "PM-3"),
        ("oomkilled", "PM-3"),
        ("cafe", "PM-3"),
        ("NetworkPolicy", "AN-5"),
        ("deadlocks", "TCK-9"),
        ("restaurants near the stations", "CHAT-88"),
        ('"Rolling back" AND catalogue*', "RB-0112"),
    ],
)
def test_what_was_meant_comes_first(query: str, first: str) -> None:
    assert found(query)[0] == first


def test_the_limit_is_kept_and_ties_are_ordered() -> None:
    assert found("rolling back") == found("rolling back")
    assert len(found("rolling back", 2)) == 2
    assert found("rolling back", 0) == []


def test_the_snippet_shows_the_place() -> None:
    [hit, *_] = INDEX.search("CART-4711")
    assert "CART-4711" in hit.snippet
    assert "\n" not in hit.snippet


@pytest.mark.parametrize("query", ["", "  ", "'", '"', "-- ;", "\0", "zebra", "?!*()^:{}"])
def test_nothing_is_found_where_nothing_is_meant(query: str) -> None:
    assert found(query) == []


@pytest.mark.parametrize(
    "query",
    ['"', 'a "b', "a AND", "NEAR(", "title:", "x*", "^a", "a\0b", "\ud800 cart", "cart " * 5_000],
)
def test_what_looks_like_syntax_is_text(query: str) -> None:
    INDEX.search(query)


@given(st.text(max_size=200), st.integers(-5, 50))
def test_any_text_is_a_query(query: str, limit: int) -> None:
    hits = INDEX.search(query, limit)
    assert len(hits) <= max(limit, 0)


@given(st.text(alphabet=st.characters(codec=None), max_size=60))
def test_any_text_is_a_document_and_is_found_by_its_id(body: str) -> None:
    index = Index([Document(id="KB-1", title=body, body=body)])
    assert [hit.id for hit in index.search("KB-1")] == ["KB-1"]
    index.close()


def test_common_words_do_not_hide_a_rare_one() -> None:
    many = [
        Document(id=f"KB-{number}", title="", body="restart the pod " * 3)
        for number in range(RANKED_MAX + 500)
    ]
    index = Index([*many, Document(id="RARE", title="", body="restart the pod, then flush lorium")])
    assert index.search("restart the pod lorium")[0].id == "RARE"
    assert len(index.search("restart the pod")) == 5


def test_an_index_may_live_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "documents.sqlite"
    Index([toy_documents.DECOY], path).close()
    index = Index([toy_documents.GOVERNING], path)
    assert [hit.id for hit in index.search("rolling back")] == ["RB-0107"]
    assert path.stat().st_size > 0
    index.close()


def test_threads_share_an_index() -> None:
    queries = ["RB-0107", "ORA-00060", "catalogue", "canteen"] * 50
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(found, queries)) == [found(query) for query in queries]
