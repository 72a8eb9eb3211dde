"""From an Inspect sample to an attempt: what a gate or a tool's schema refused is no step, and what it was answered is kept."""

from __future__ import annotations

from typing import Literal

import pytest
from inspect_ai.log import EvalConfig, EvalDataset, EvalLog, EvalSample, EvalSpec
from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageTool
from inspect_ai.tool import ToolCallError

from opsrange.diagnosis.case import Attempt
from opsrange.reports.results import AttemptResult
from opsrange.tasks.diagnosing.attempts import attempt_of

Refusal = Literal["approval", "parsing", "cancelled"]


def answered(text: str, error: ToolCallError | None = None, tool: str = "bash") -> ChatMessageTool:
    return ChatMessageTool(content=text, function=tool, tool_call_id="1", error=error)


def attempt_with(*messages: ChatMessage) -> Attempt:
    sample = EvalSample(id="a", epoch=1, input="PAGE", target="", messages=list(messages))
    spec = EvalSpec(
        created="2026-11-24T00:00:00+00:00",
        task="opsrange/sre_repair",
        dataset=EvalDataset(),
        model="mockllm/model",
        config=EvalConfig(),
    )
    row = AttemptResult(scenario="a", seed=1, page="PAGE")
    return attempt_of(row, EvalLog(eval=spec), sample)


@pytest.mark.parametrize("why", ["approval", "parsing", "cancelled"])
def test_the_words_of_a_refusal_are_kept_and_number_no_step(why: Refusal) -> None:
    found = attempt_with(
        ChatMessageAssistant(content="restart it"),
        answered("", ToolCallError(why, "it loses carts")),
        ChatMessageAssistant(content="look first"),
        answered("cart 1/1 Running"),
        ChatMessageAssistant(content="done"),
    )
    assert found.refusals == ["it loses carts"]
    assert found.prose == {0: "look first", 1: "done"}


def test_a_refused_report_was_answered_as_well() -> None:
    error = ToolCallError("parsing", "root_causes is missing")
    assert attempt_with(answered("", error, "report")).refusals == ["root_causes is missing"]


def test_a_command_that_was_stopped_is_a_step_and_no_refusal() -> None:
    found = attempt_with(
        ChatMessageAssistant(content="follow it"),
        answered("line", ToolCallError("timeout", "Command timed out before completing.")),
        ChatMessageAssistant(content="go on"),
    )
    assert found.refusals == []
    assert found.prose == {0: "follow it", 1: "go on"}
