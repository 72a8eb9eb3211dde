"""A model that makes the calls it is told to make, and what became of its attempt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from inspect_ai import Task
from inspect_ai import eval as inspect_eval
from inspect_ai.log import EvalLog, EvalSample
from inspect_ai.model import ModelOutput, ModelUsage, get_model

Call = tuple[str, dict[str, Any]]
REPORT: Call = ("report", {"root_causes": []})


def attempt(task: Task, calls: list[Call], folder: Path) -> tuple[EvalLog, EvalSample]:
    """The log and the only sample of a task that has one."""
    outputs = [
        ModelOutput.for_tool_call("mockllm/model", name, arguments) for name, arguments in calls
    ]
    for output in outputs:
        output.usage = ModelUsage()  # or Inspect counts tokens, with a file it fetches
    model = get_model("mockllm/model", custom_outputs=outputs)
    [log] = inspect_eval(task, model=model, log_dir=str(folder), display="none")
    assert log.samples
    [sample] = log.samples
    assert sample.error is None
    return log, sample


def seen(sample: EvalSample) -> str:
    """Everything the agent was told, without its own words."""
    return "\n".join(message.text for message in sample.messages if message.role != "assistant")
