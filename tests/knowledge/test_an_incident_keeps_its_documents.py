"""Goal: learn from an incident's documents what the arm keeps back. Method: read, search, grep and open everything, in a real seat."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.knowledge.mock import REPORT, Call, attempt, seen

import opsrange.tasks.registry
from opsrange.faults import normal
from opsrange.knowledge.arms import HANDED_CHARS_MAX, Arm, handed_over
from opsrange.knowledge.document import Document
from opsrange.knowledge.index import Index
from opsrange.scenarios.instance import Instance, build
from opsrange.scoring.evidence import Knowledge
from opsrange.tasks.logbook import results_from
from opsrange.tasks.sre import sre_repair

assert opsrange.tasks.registry.scripted
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # of Inspect; see conftest
SCENARIO, SEED = "drained-dependency", 1


@pytest.fixture(scope="module")
def instance() -> Instance:
    return build(SCENARIO, SEED)


@pytest.fixture(scope="module")
def known(instance: Instance) -> Knowledge:
    return Knowledge.model_validate(instance.governance.knowledge())


def documents(instance: Instance, arm: Arm) -> list[Document]:
    answer = instance.call("documents", {"arm": arm.value})
    return [Document.model_validate(document) for document in answer]


def facts(instance: Instance, shown: list[Document]) -> list[str]:
    found: list[str] = instance.call("facts_in", {"text": "\n".join(each.text for each in shown)})
    return found


@pytest.mark.parametrize("arm", Arm)
def test_the_rule_can_be_read_where_it_should_be(instance: Instance, arm: Arm) -> None:
    rule = {fact.id for fact in instance.governance.facts}
    readable = rule & set(facts(instance, documents(instance, arm)))
    assert readable == (set() if arm in {Arm.NONE, Arm.STALE} else rule)


def test_no_query_finds_what_is_gone(instance: Instance, known: Knowledge) -> None:
    index = Index(documents(instance, Arm.STALE))
    [current] = documents(instance, Arm.GOLDEN)
    for query in (current.id, current.title, current.body, *known.governing):
        assert not set(known.governing) & {hit.id for hit in index.search(query, 100)}


def test_the_search_finds_the_current_and_the_superseded(
    instance: Instance, known: Knowledge
) -> None:
    index = Index(documents(instance, Arm.BM25))
    [current] = documents(instance, Arm.GOLDEN)
    found = {hit.id for hit in index.search(current.title)}
    assert set(known.governing) <= found
    assert set(known.superseded) & found


def test_a_whole_collection_fits_a_prompt(instance: Instance) -> None:
    assert len(handed_over(documents(instance, Arm.FULL))) < HANDED_CHARS_MAX


@pytest.mark.seat
@pytest.mark.parametrize("arm", [Arm.NONE, Arm.SHELL, Arm.STALE])
def test_who_looks_everywhere_sees_the_arms_documents(
    tmp_path: Path, instance: Instance, known: Knowledge, arm: Arm
) -> None:
    [current] = documents(instance, Arm.GOLDEN)
    calls: list[Call] = [
        ("bash", {"command": "cat docs/* | head -c 60000"}),
        ("bash", {"command": f"stat -c %y docs/{current.file_name} | cut -c1-10"}),
        ("bash", {"command": f"cat docs/{current.file_name}"}),
        (
            "bash",
            {"command": "grep -rhI seconds ~ /tmp /etc /opt 2>/dev/null | grep -v '^#' | head"},
        ),
        ("search_docs", {"query": current.title}),
        *[("open_doc", {"id": name}) for name in (*known.governing, *known.superseded)],
        REPORT,
    ]
    task = sre_repair(scenario=SCENARIO, seeds=SEED, think_time_s=0, docs=arm.value)
    log, sample = attempt(task, calls, tmp_path)
    [line] = results_from([log]).agents
    [row] = line.attempts
    told = normal(seen(sample))
    assert all(fact.within(told) for fact in instance.governance.facts) is (arm is Arm.SHELL)
    opened = {use.opened for use in row.documents if use.opened}
    shown = {fact for use in row.documents for fact in use.facts}
    rule = {fact.id for fact in instance.governance.facts}
    match arm:
        case Arm.NONE:
            assert row.documents == []
        case Arm.SHELL:
            assert opened >= set(known.governing)
            assert shown >= rule
            assert row.steps[1].stdout.strip() == current.date
        case Arm.STALE:
            assert opened == set(known.superseded)
            assert not shown & rule
    assert row.required is not None
    assert row.required.governing == known.governing
