"""Each arm of the experiment exposes its documents and nothing else, and every look at one is recorded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from inspect_ai.log import EvalSample
from inspect_ai.model import ChatMessageTool
from inspect_ai.util import SandboxEnvironmentSpec
from tests.knowledge.mock import REPORT, Call, attempt, seen

import opsrange.tasks.registry
from opsrange.agents.prompts import REPAIR
from opsrange.agents.tools import SHOWN_CHARS_MAX
from opsrange.knowledge.arms import HANDED, SEARCHED, Arm, provision
from opsrange.knowledge.document import Document
from opsrange.knowledge.tools import ARM_KEY, TEXTS_KEY, USES_KEY
from opsrange.tasks.dataset import instances
from opsrange.tasks.scorers import repair
from opsrange.tasks.sre import Rules, build
from opsrange.testing.toy_documents import ALL, DECOY, DRAIN_KEY, GOVERNING, SUPERSEDED, UNRELATED
from opsrange.testing.toy_seat import NAME, ToyConfig

assert opsrange.tasks.registry.scripted
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # of Inspect; see conftest
NOSY: list[Call] = [
    ("search_docs", {"query": f"drain key RB-0107 {DRAIN_KEY}", "limit": 1000}),
    ("search_docs", {"query": "rolling back the cart"}),
    *[("open_doc", {"id": document.id}) for document in ALL],
    ("open_doc", {"id": "docs/RB-0107.md"}),
    ("bash", {"command": "cat docs/RB-0107.md"}),
    REPORT,
]
"""What somebody would try who knows exactly what there is."""


def run(tmp_path: Path, arm: str, calls: list[Call], own: Sequence[Document] = ()) -> EvalSample:
    task = build(
        instances(["toy"], [1], lambda *_: SandboxEnvironmentSpec(NAME, ToyConfig())),
        Rules(think_time_s=0, documents=provision(arm, own)),
        instructions=REPAIR,
        scorers=[repair()],
    )
    return attempt(task, calls, tmp_path)[1]


def exposed(sample: EvalSample) -> set[str]:
    """Documents of which the agent saw words that no other has."""
    own = {UNRELATED: "canteen", SUPERSEDED: "No drain is needed", GOVERNING: DRAIN_KEY}
    own[DECOY] = "no drain key"
    text = seen(sample)
    return {document.id for document, words in own.items() if words in text}


EXPOSED = {
    Arm.NONE: set[str](),
    Arm.BM25: {document.id for document in ALL},
    Arm.SHELL: {GOVERNING.id},
    Arm.FULL: {document.id for document in ALL},
    Arm.GOLDEN: {GOVERNING.id},
    Arm.GOLDEN_DECOYS: {GOVERNING.id, DECOY.id},
    Arm.STALE: {UNRELATED.id, SUPERSEDED.id, DECOY.id},
}


@pytest.mark.parametrize("arm", Arm)
def test_who_tries_everything_gets_the_arms_documents(tmp_path: Path, arm: Arm) -> None:
    sample = run(tmp_path, arm, NOSY)
    assert exposed(sample) == EXPOSED[arm]
    assert sample.store[ARM_KEY] == arm
    kept = set(sample.store.get(TEXTS_KEY, {}))
    assert kept == EXPOSED[arm]


@pytest.mark.parametrize("arm", Arm)
def test_the_prompt_names_the_arms_tools_and_nothing_more(tmp_path: Path, arm: Arm) -> None:
    prompt = run(tmp_path, arm, [REPORT]).messages[0].text
    assert ("search_docs" in prompt) is (arm in SEARCHED)
    assert ("~/docs" in prompt) is (arm is Arm.SHELL)
    assert ("come with the page" in prompt) is (arm in HANDED)
    assert not any(word in prompt.lower() for word in ("golden", "decoy", "stale", "superseded"))
    if arm is Arm.NONE:
        assert prompt.strip() == REPAIR.strip()


def test_what_two_arms_share_is_said_in_the_same_words() -> None:
    assert len({provision(arm).words for arm in SEARCHED}) == 1
    assert len({provision(arm).words for arm in HANDED}) == 1


def test_searches_and_openings_are_recorded_with_their_facts(tmp_path: Path) -> None:
    calls: list[Call] = [
        ("search_docs", {"query": "rolling back the cart", "limit": 2}),
        ("bash", {"command": "kubectl get pods"}),
        ("open_doc", {"id": GOVERNING.id}),
        ("open_doc", {"id": "RB-9999"}),
        REPORT,
    ]
    uses = run(tmp_path, "bm25", calls).store[USES_KEY]
    assert [use["tool"] for use in uses] == ["search_docs", "open_doc"]
    searched, opened = uses
    assert searched["query"] == "rolling back the cart"
    assert searched["returned"] == [SUPERSEDED.id, GOVERNING.id]
    assert searched["opened"] == ""
    assert searched["before_step"] == 0
    assert opened["opened"] == GOVERNING.id
    assert opened["facts"] == ["drain-key"]
    assert opened["before_step"] == 1
    assert opened["shown_chars"] == len(GOVERNING.text)


def test_documents_handed_over_count_as_opened_before_the_first_step(tmp_path: Path) -> None:
    uses = run(tmp_path, "golden", [REPORT]).store[USES_KEY]
    [use] = uses
    assert (use["tool"], use["opened"], use["before_step"]) == ("prompt", GOVERNING.id, 0)
    assert use["facts"] == ["drain-key"]


def test_files_that_a_command_showed_are_recorded(tmp_path: Path) -> None:
    calls: list[Call] = [("bash", {"command": f"cat docs/{GOVERNING.file_name}"}), REPORT]
    [use] = run(tmp_path, "shell", calls).store[USES_KEY]
    assert (use["tool"], use["opened"], use["before_step"]) == ("shell", GOVERNING.id, 1)
    assert use["facts"] == ["drain-key"]


def test_a_long_document_comes_in_parts(tmp_path: Path) -> None:
    long = Document(id="long.md", title="Long", body="a" * SHOWN_CHARS_MAX + "the end")
    calls: list[Call] = [("open_doc", {"id": long.id, "part": part}) for part in (1, 2, 3, 0)]
    sample = run(tmp_path, "bm25", [*calls, REPORT], [long])
    first, second, *refused = [m for m in sample.messages if isinstance(m, ChatMessageTool)][:4]
    assert first.text.endswith("aaa\n[part 1 of 2]")
    assert second.text.endswith("the end\n\n[part 2 of 2]")
    assert [message.error is not None for message in refused] == [True, True]
    uses = sample.store[USES_KEY]
    assert [use["opened"] for use in uses] == [long.id, long.id]
    assert sum(use["shown_chars"] for use in uses) == len(long.text)


def test_ones_own_documents_stay_away_from_the_baseline(tmp_path: Path) -> None:
    own = Document(id="mine.md", title="Mine", body="The mascot is a heron.")
    calls: list[Call] = [("search_docs", {"query": "heron"}), ("open_doc", {"id": own.id}), REPORT]
    assert "heron" not in seen(run(tmp_path, "none", calls, [own]))
    assert "is a heron" in seen(run(tmp_path, "bm25", calls, [own]))
