"""A transcript is recognised by its content, and diagnosed by what commands and outputs alone can show."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from opsrange.diagnosis.attribution import transcript_classes
from opsrange.diagnosis.readers.files import is_inspect_log, transcripts_in
from opsrange.diagnosis.readers.shell_tools import command_of
from opsrange.errors import OperatorError
from opsrange.tasks.diagnosing.diagnoses import Diagnosed, diagnosed

FORBIDDEN = "Error from server (Forbidden): pods is forbidden"
COMMANDS = ["kubectl delete pod cart-1"] * 3


def chat() -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": "You are on call."},
        {"role": "user", "content": [{"type": "text", "text": "cart-1 is down."}]},
    ]
    for number, command in enumerate(COMMANDS):
        call = {"id": f"c{number}", "type": "function"}
        function = {"name": "bash", "arguments": json.dumps({"command": command})}
        messages.append(
            {"role": "assistant", "content": None, "tool_calls": [{**call, "function": function}]}
        )
        messages.append({"role": "tool", "tool_call_id": f"c{number}", "content": FORBIDDEN})
    return [*messages, {"role": "assistant", "content": "I could not repair it."}]


def trajectory() -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"step_id": 1, "source": "user", "message": "cart-1 is down."}]
    for number, command in enumerate(COMMANDS):
        call = {"tool_call_id": "t", "function_name": "bash", "arguments": {"command": command}}
        results = [{"source_call_id": "t", "content": FORBIDDEN}]
        steps.append(
            {
                "step_id": number + 2, "source": "agent", "message": "", "tool_calls": [call],
                "observation": {"results": results},
            }
        )  # fmt: skip
    return {
        "schema_version": "ATIF-v1.6",
        "session_id": "s",
        "agent": {"name": "a", "model_name": "m"},
        "steps": steps,
    }


def only(path: Path) -> Diagnosed:
    (found,) = diagnosed(path)
    return found


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(chat()),
        json.dumps({"messages": chat(), "tools": []}),
        json.dumps({"messages": chat()}) + "\n",
        "\n".join(json.dumps(message) for message in chat()),
        json.dumps(trajectory(), indent=2),
    ],
    ids=["list", "object", "line", "lines of messages", "atif"],
)
def test_every_form_says_the_same_whatever_its_name(text: str, tmp_path: Path) -> None:
    path = tmp_path / "transcript.dat"
    path.write_text(text)
    found = only(path)
    assert [step.command for step in found.attempt.steps] == COMMANDS
    assert found.diagnosis.outcome == "unjudged"
    assert found.diagnosis.primary == "E3"
    assert {event.code for event in found.diagnosis.events} <= set(transcript_classes())


def test_many_conversations_are_many_attempts(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join(json.dumps({"messages": chat()}) for _ in range(3)))
    assert len(diagnosed(path)) == 3
    assert [each.name for each in diagnosed(path, "#1")] == ["x#1"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (json.dumps(chat())[:-40], "breaks off"),
        ('{"messages": []}', "no known format"),
        ("hello", "invalid at"),
        ("", "no known format"),
    ],
)
def test_what_is_cut_off_or_unknown_ends_in_one_line(
    content: str, says: str, tmp_path: Path
) -> None:
    path = tmp_path / "x.json"
    path.write_text(content)
    with pytest.raises(OperatorError, match=says) as raised:
        diagnosed(path)
    assert "\n" not in str(raised.value)


def test_a_log_that_was_cut_off_ends_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"PK\x03\x04" + bytes(200))
    assert is_inspect_log(path) == "eval"
    with pytest.raises(OperatorError, match="no whole Inspect log"):
        diagnosed(path)


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="no such file"):
        diagnosed(tmp_path / "none")
    with pytest.raises(OperatorError, match="no log and no transcript"):
        diagnosed(tmp_path)


@pytest.mark.parametrize(
    ("tool", "arguments", "command"),
    [
        ("bash", '{"command": "ls -l"}', "ls -l"),
        ("shell", {"command": ["bash", "-lc", "ls | wc"]}, "ls | wc"),
        ("kubectl", {"command": "get pods"}, "kubectl get pods"),
        ("search", {"query": "a b"}, "search query='a b'"),
        ("bash", "ls", "ls"),
    ],
)
def test_a_call_is_a_command_line(tool: str, arguments: object, command: str) -> None:
    assert command_of(tool, arguments) == command


def test_copied_context_is_left_out(tmp_path: Path) -> None:
    document = trajectory()
    document["steps"][1]["is_copied_context"] = True
    path = tmp_path / "x"
    path.write_text(json.dumps(document))
    (found,) = transcripts_in(path)
    assert len(found.turns) == len(COMMANDS) - 1
