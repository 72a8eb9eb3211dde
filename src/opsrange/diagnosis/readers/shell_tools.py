"""Which tools of other harnesses are a shell, and where their call keeps the command.

Belongs here: names seen in the wild. Does not: formats.
"""

from __future__ import annotations

import json
import shlex
from typing import Any

SHELL_TOOLS = frozenset(
    {
        "bash",
        "shell",
        "sh",
        "exec",
        "execute",
        "execute_bash",
        "execute_command",
        "exec_command",
        "run_command",
        "run_shell_command",
        "terminal",
        "bash_command",
        "local_shell",
        "kubectl",
        "run_kubectl",
    }
)
_FIELDS = ("command", "cmd", "commands", "script", "input", "keystrokes", "code", "argv")


def command_of(tool: str, arguments: Any) -> str:
    """The command line of a call; for a tool that is no shell, its name and arguments as one line of words."""
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except json.JSONDecodeError:
            return str(arguments)
    if not isinstance(arguments, dict):
        return _joined(arguments)
    for field in _FIELDS if tool in SHELL_TOOLS else ():
        if field in arguments:
            command = _joined(arguments[field])
            words = command.split(maxsplit=1)
            return (
                command
                if "kubectl" not in tool or words[:1] == ["kubectl"]
                else f"kubectl {command}"
            )
    return " ".join(
        [tool, *(f"{key}={shlex.quote(str(value))}" for key, value in arguments.items())]
    )


def _joined(value: Any) -> str:
    if isinstance(value, list):
        words = [str(each) for each in value]
        if len(words) == 3 and words[0].rsplit("/", 1)[-1] in {"bash", "sh"} and "c" in words[1]:
            return words[2]
        return shlex.join(words)
    return "" if value is None else str(value)
