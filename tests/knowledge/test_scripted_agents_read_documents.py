"""Policies and plain functions reach documents through the same tools as a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from inspect_ai import eval as inspect_eval
from inspect_ai.log import EvalLog
from inspect_ai.model import get_model
from inspect_ai.util import SandboxEnvironmentSpec

import opsrange.tasks.registry
from opsrange.agents.policies import POLICIES
from opsrange.agents.policy import Case, Open, Play, Search
from opsrange.agents.prompts import REPAIR
from opsrange.knowledge.arms import provision
from opsrange.tasks.dataset import instances
from opsrange.tasks.logbook import results_from
from opsrange.tasks.scorers import repair
from opsrange.tasks.sre import Rules, build
from opsrange.testing.toy_documents import DRAIN_KEY, GOVERNING, SUPERSEDED
from opsrange.testing.toy_seat import CAUSE, NAME, ToyConfig
from opsrange.trace import Citation, Report, RootCause

assert opsrange.tasks.registry.scripted
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # of Inspect; see conftest
RULE = "the drain key must be set first"


def reader(case: Case) -> Play:
    """Reads up, tries what is not there, and cites."""
    found = yield Search("rolling back the cart", limit=3)
    opened = yield Open(GOVERNING.id)
    missing = yield Open("RB-9999")
    shell = yield "kubectl get pods"
    seen = [found.ok, opened.ok, missing.ok, shell.ok, DRAIN_KEY in opened.text + case.documents]
    return Report(
        root_causes=[RootCause(entity=CAUSE)],
        summary=" ".join(str(each) for each in seen),
        citations=[Citation(doc=GOVERNING.id, text=RULE), Citation(doc=SUPERSEDED.id, text=RULE)],
    )


PLAIN = f"""
def agent(page, run):
    found, opened, missing = run.search_docs("cart"), run.open_doc("{GOVERNING.id}"), run.open_doc("X")
    shell = run("kubectl get pods")
    codes = [each.exit_code for each in (found, opened, missing, shell)]
    return {{"root_causes": [], "summary": f"{{codes}} {DRAIN_KEY!r} " + str("{DRAIN_KEY}" in opened.stdout + page)}}
"""


@pytest.fixture
def registered() -> Any:
    """The reader among the built-in policies, for the length of a test."""
    POLICIES["reader"] = reader
    yield
    del POLICIES["reader"]


def attempt(tmp_path: Path, arm: str, model: str, agent: str = "") -> EvalLog:
    task = build(
        instances(["toy"], [1], lambda *_: SandboxEnvironmentSpec(NAME, ToyConfig())),
        Rules(think_time_s=0, agent=agent, documents=provision(arm)),
        instructions=REPAIR,
        scorers=[repair()],
    )
    [log] = inspect_eval(task, model=get_model(model), log_dir=str(tmp_path), display="none")
    return log


@pytest.mark.parametrize(
    ("arm", "seen"),
    [
        ("bm25", "True True False True True"),
        ("stale", "True False False True False"),
        ("none", "False False False True False"),
        ("golden", "False False False True True"),
    ],
)
@pytest.mark.usefixtures("registered")
def test_a_policy_asks_for_documents(tmp_path: Path, arm: str, seen: str) -> None:
    log = attempt(tmp_path, arm, "opsrange/reader")
    [agent] = results_from([log]).agents
    [row] = agent.attempts
    assert row.report is not None
    assert row.report.summary == seen
    assert row.docs_arm == arm


@pytest.mark.usefixtures("registered")
def test_a_log_tells_what_was_read_and_whether_citations_hold(tmp_path: Path) -> None:
    [agent] = results_from([attempt(tmp_path, "bm25", "opsrange/reader")]).agents
    assert agent.agent == "reader, docs bm25"
    [row] = agent.attempts
    assert [use.tool for use in row.documents] == ["search_docs", "open_doc"]
    assert [citation.exact for citation in row.cited.citations] == [True, False]


@pytest.mark.usefixtures("registered")
def test_arms_of_one_agent_are_compared(tmp_path: Path) -> None:
    logs = [attempt(tmp_path, arm, "opsrange/reader") for arm in ("golden", "none")]
    results = results_from([*logs, attempt(tmp_path, "none", "opsrange/null")])
    [summary] = results.knowledge
    assert summary.agent == "reader"
    assert [arm.arm for arm in summary.arms] == ["none", "golden"]
    assert {agent.agent for agent in results.agents} == {"reader", "reader, docs golden", "null"}


@pytest.mark.parametrize(
    ("arm", "seen"),
    [
        ("bm25", f"[0, 0, 1, 0] {DRAIN_KEY!r} True"),
        ("full", f"[1, 1, 1, 0] {DRAIN_KEY!r} True"),
        ("none", f"[1, 1, 1, 0] {DRAIN_KEY!r} False"),
    ],
)
def test_a_plain_function_asks_for_documents(tmp_path: Path, arm: str, seen: str) -> None:
    path = tmp_path / "mine.py"
    path.write_text(PLAIN)
    log = attempt(tmp_path, arm, "none/none", f"{path}:agent")
    [agent] = results_from([log]).agents
    [row] = agent.attempts
    assert row.report is not None
    assert row.report.summary == seen
