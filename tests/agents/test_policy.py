"""Policies are re-driven from what was shown, and see a result as a model sees it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inspect_ai.util import ExecResult

from opsrange.agents.policies import POLICIES
from opsrange.agents.policy import AnswerKey, Case, Output, Play, next_move, parse_shown
from opsrange.agents.tools import SHOWN_CHARS_MAX, clip, read_answer, shown
from opsrange.errors import AgentError, AuthorError
from opsrange.trace import Report, RootCause

LINES = st.text(alphabet="ab[] \n{}", max_size=40).map(lambda text: text.strip("\n"))


@given(LINES, LINES, st.integers(0, 255))
def test_what_is_shown_can_be_taken_apart(stdout: str, stderr: str, code: int) -> None:
    result = ExecResult(code == 0, code, stdout, stderr)
    assert parse_shown(shown(result)) == Output(stdout, stderr, code)


def test_long_output_keeps_head_and_tail() -> None:
    text = "h" * SHOWN_CHARS_MAX + "t" * SHOWN_CHARS_MAX
    cut = clip(text)
    assert cut.startswith("h" * 10_000)
    assert cut.endswith("t" * 10_000)
    assert "20000 characters omitted" in cut
    assert clip("x" * SHOWN_CHARS_MAX) == "x" * SHOWN_CHARS_MAX


def counting(case: Case) -> Play:
    first = yield "one"
    second = yield f"two after {first.text}"
    return Report(summary=second.text)


def test_a_policy_is_run_again_from_the_start() -> None:
    case = Case("page")
    assert next_move(counting, case, []) == "one"
    assert next_move(counting, case, [Output("a")]) == "two after a"
    assert next_move(counting, case, [Output("a"), Output("b")]) == Report(summary="b")
    assert next_move(counting, case, [Output("a"), Output("b"), Output("late")]) == Report(
        summary="b"
    )


@pytest.mark.parametrize("name", ["oracle", "uninformed"])
def test_who_knows_the_answer_needs_its_key(name: str) -> None:
    with pytest.raises(AuthorError):
        next_move(POLICIES[name], Case("page"), [])


def test_the_oracle_follows_its_key() -> None:
    key = AnswerKey(commands=["fix"], report=Report(healthy=True))
    assert next_move(POLICIES["oracle"], Case("page", key=key), []) == "fix"
    assert next_move(POLICIES["oracle"], Case("page", key=key), [Output("")]) == key.report


def test_who_is_uninformed_does_the_plain_thing_and_tells_nobody() -> None:
    told = Report(healthy=True, escalation="@owner")
    case = Case("page", key=AnswerKey(commands=["ask", "fix"], report=told, plain_commands=["fix"]))
    assert next_move(POLICIES["uninformed"], case, []) == "fix"
    assert next_move(POLICIES["uninformed"], case, [Output("")]) == Report(healthy=True)


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_every_policy_ends_whatever_it_is_shown(name: str) -> None:
    told = Report(root_causes=[RootCause(entity="shop/Deployment/cart")])
    case = Case("page", key=AnswerKey(commands=["kubectl delete pods --all"], report=told))
    outputs: list[Output] = []
    for _ in range(80):
        move = next_move(POLICIES[name], case, outputs)
        if isinstance(move, Report):
            return
        outputs.append(Output("nonsense\n{\n[]", "error", 1))
    pytest.fail(f"{name} goes on for ever")


def test_the_original_answer_file() -> None:
    read = read_answer(
        '{"contributing_factors": [{"name": "a/B/c", "reasoning": "r", "evidence": "e"}], "x": 1}'
    )
    assert [cause.entity for cause in read.root_causes] == ["a/B/c"]


@pytest.mark.parametrize(
    "text", ["", "[]", '{"contributing_factors": 3}', '{"contributing_factors": [{}]}', "[" * 9000]
)
def test_a_malformed_answer_file(text: str) -> None:
    with pytest.raises(AgentError):
        read_answer(text)
