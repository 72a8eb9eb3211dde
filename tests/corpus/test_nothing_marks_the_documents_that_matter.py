"""Looks, numbers, places and dates tell no document of a rule from the others."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest

from opsrange.estates import Estate
from opsrange.scenarios.governance import Governance
from opsrange.types import Json

SEEDS = range(1, 13)


@cache
def shop() -> tuple[Estate, str]:
    estate = Estate("corpus")
    return estate, estate.critical_services[0]


@cache
def collections() -> list[tuple[list[Json], list[str]]]:
    """Documents of one estate under many seeds, with the ids of those of the rule."""
    found = []
    for seed in SEEDS:
        estate, service = shop()
        governance = Governance("drain_before_rollout", f"corpus@{seed}")
        governance.furnish(estate)
        governance.settle(estate, {"service": service})
        known = governance.knowledge()
        assert known is not None
        found.append((governance.documents("full"), [*known["governing"], *known["superseded"]]))
    return found


def test_there_are_as_many_as_a_small_wiki_has() -> None:
    for documents, _ in collections():
        assert 40 <= len(documents) <= 90
        assert len({document["id"] for document in documents}) == len(documents)
        assert len(Counter(document["kind"] for document in documents)) == 5


def test_runbooks_have_realistic_lengths() -> None:
    for documents, _ in collections():
        for document in documents:
            words = len(document["body"].split())
            assert words >= 25
            if document["kind"] == "runbook":
                assert 150 <= words <= 500


def test_each_kind_of_document_a_rule_has_exists_elsewhere() -> None:
    for documents, ours in collections():
        others = Counter(document["kind"] for document in documents if document["id"] not in ours)
        for document in documents:
            assert others[document["kind"]] >= 5


def test_each_hand_that_writes_a_rule_writes_other_documents() -> None:
    """The first characters betray the style."""
    for documents, ours in collections():
        hands = Counter(
            (document["kind"], document["body"][:2] in {"# ", "h1"})
            for document in documents
            if document["id"] not in ours
        )
        for document in documents:
            assert hands[document["kind"], document["body"][:2] in {"# ", "h1"}]


def test_the_place_in_the_list_says_nothing() -> None:
    places = []
    for documents, ours in collections():
        ids = [document["id"] for document in documents]
        places.append(ids.index(ours[0]) / len(ids))
    assert min(places) < 0.33
    assert max(places) > 0.67


def test_what_governs_is_not_simply_the_newest() -> None:
    ranks = []
    for documents, ours in collections():
        dates = sorted(doc["date"] for doc in documents if doc["kind"] == "runbook")
        (date,) = (doc["date"] for doc in documents if doc["id"] == ours[0])
        ranks.append(len(dates) - dates.index(date))
    assert len({*ranks}) >= 4
    assert sum(rank == 1 for rank in ranks) <= len(ranks) / 3


def test_numbers_follow_dates_within_a_kind() -> None:
    for documents, _ in collections():
        for kind in {document["kind"] for document in documents}:
            rows = sorted(
                (int(document["id"].partition("-")[2]), document["date"])
                for document in documents
                if document["kind"] == kind
            )
            assert [date for _, date in rows] == sorted(date for _, date in rows)


def test_the_same_seed_writes_the_same_documents() -> None:
    estate, service = shop()
    again = Governance("drain_before_rollout", "corpus@1")
    again.furnish(estate)
    again.settle(estate, {"service": service})
    assert again.documents("full") == collections()[0][0]


def test_names_are_those_of_the_estate() -> None:
    estate, _ = shop()
    documents, _ours = collections()[0]
    text = "\n".join(document["body"] for document in documents)
    assert estate.namespace in text
    assert sum(service in text for service in estate.critical_services) >= 8
    assert "{" not in text


@pytest.mark.parametrize("arm", ["full", "golden", "stale"])
def test_without_a_rule_nothing_governs(arm: str) -> None:
    estate, service = shop()
    plain = Governance(None, "corpus@1")
    plain.furnish(estate)
    plain.settle(estate, {"service": service})
    assert plain.knowledge() is None
    assert bool(plain.documents(arm)) is (arm != "golden")
