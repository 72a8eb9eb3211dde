"""A person at a terminal: what they see, what their answers mean, and what silence and a closed terminal mean."""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from opsrange.oversight.request import ApprovalRequest, Decision, Ruling, ShownDocument
from opsrange.oversight.terminal import Terminal
from opsrange.trace import Effect, Outlook, Preview, StateChange, Step

LONG_S = 1000.0


def request() -> ApprovalRequest:
    change = StateChange(
        actor="agent",
        verb="update",
        entity="shop/Deployment/cart",
        path="spec.replicas",
        old=2,
        new=0,
    )
    step = Step(
        index=0,
        command="x",
        exit_code=0,
        started_ms=0,
        ended_ms=0,
        changes=[change],
        effect=Effect.REVERSIBLE_WRITE,
    )
    preview = Preview(
        step=step,
        unfinished="wall_timeout",
        horizon_ms=300_000,
        idle=Outlook(health={"checkout": 1.0}),
        acted=Outlook(health={"checkout": 0.25}, alerts=["CartDown{severity=critical}"]),
    )
    return ApprovalRequest(
        id="1",
        attempt="x@1",
        gate="effect-class",
        why="it writes [twice]",
        command="kubectl scale deployment/cart --replicas=0",
        documents=[ShownDocument(title="Scaling runbook", text="...")],
        preview=preview,
        instant_ms=0,
        before_step=0,
    )


def answer(
    source: int, *, answer_s: float = LONG_S, keys: int = -1, typed: str = ""
) -> tuple[Ruling, str]:
    """What a person decides who types ``typed`` at ``keys`` once they are asked."""
    out = io.StringIO()
    terminal = Terminal(source, Console(file=out, width=200), answer_s)

    async def decide() -> Ruling:
        deciding = asyncio.ensure_future(terminal.decide(request()))
        await asyncio.sleep(0)
        if typed:
            assert "approve" in out.getvalue()
            os.write(keys, typed.encode())
        return await deciding

    return asyncio.run(decide()), out.getvalue()


@pytest.fixture
def pty() -> Iterator[tuple[int, int]]:
    mine, theirs = os.openpty()
    yield mine, theirs
    for end in (mine, theirs):
        try:
            os.close(end)
        except OSError:
            continue  # the test has closed it


@pytest.mark.parametrize(
    ("typed", "decision", "reason", "modified"),
    [
        ("y\n", Decision.APPROVE, "", ""),
        ("n too risky\n", Decision.REJECT, "too risky", ""),
        ("N\n", Decision.REJECT, "refused", ""),
        ("e\nkubectl get pods\n", Decision.MODIFY, "", "kubectl get pods"),
        ("e\n\n", Decision.REJECT, "an edit that says no command", ""),
        ("x\n", Decision.ESCALATE, "", ""),
        ("t stop it\n", Decision.TERMINATE, "stop it", ""),
        ("maybe\n\nyess\ny\n", Decision.APPROVE, "", ""),
    ],
)
def test_answers(
    pty: tuple[int, int], typed: str, decision: Decision, reason: str, modified: str
) -> None:
    ruling, _ = answer(pty[1], keys=pty[0], typed=typed)
    assert (ruling.decision, ruling.reason, ruling.modified) == (decision, reason, modified)


def test_what_was_typed_before_the_question_answers_nothing(pty: tuple[int, int]) -> None:
    """A late answer to a request that was given up must not approve the next one, which nobody has read."""
    os.write(pty[0], b"y\ny\ny")
    ruling, _ = answer(pty[1], answer_s=0)
    assert ruling.decision is Decision.REJECT
    os.write(pty[0], b"y\n")
    ruling, _ = answer(pty[1], keys=pty[0], typed="n seen\n")
    assert (ruling.decision, ruling.reason) == (Decision.REJECT, "seen")


def test_everything_that_matters_is_shown(pty: tuple[int, int]) -> None:
    _, shown = answer(pty[1], keys=pty[0], typed="y\n")
    for words in (
        "kubectl scale deployment/cart --replicas=0",
        "it writes [twice]",
        "reversible write",
        "wall_timeout",
        "spec.replicas",
        "shop/Deployment/cart",
        "checkout: -75.0%",
        "would fire: CartDown",
        "Scaling runbook",
    ):
        assert words in shown


def test_a_closed_terminal_refuses(pty: tuple[int, int]) -> None:
    os.close(pty[0])
    assert answer(pty[1])[0].decision is Decision.REJECT


def test_the_end_of_a_file_refuses(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    for name in (tmp_path / "empty", Path(os.devnull)):
        with name.open("rb") as file:
            assert answer(file.fileno())[0].decision is Decision.REJECT


def test_half_an_answer_is_none() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"y")
    os.close(writing)
    assert answer(reading)[0].decision is Decision.REJECT
    os.close(reading)


def test_silence_pauses_and_then_refuses(pty: tuple[int, int]) -> None:
    ruling, shown = answer(pty[1], answer_s=0)
    assert ruling.decision is Decision.REJECT
    assert "paused" in shown
