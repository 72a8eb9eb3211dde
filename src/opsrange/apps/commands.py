"""What a container does that was told to run something else than its application.

Approximated: nothing but the application ever listens. A few programs end, as they do; ``sleep`` ends in its time; anything else, a
shell script included, and the application itself with other arguments, runs and does nothing.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from opsrange.types import SECOND_MS

_SHELLS = {"sh", "bash", "ash", "dash"}
_ENDING = {"true": 0, "false": 1, ":": 0, "echo": 0, "exit": 0}
"""Programs that end at once, with their exit codes."""
_AT_ONCE_MS = 100
_SCRIPT = set(";&|<>$`\n(){}")
"""Whatever has one of these is more than one plain command."""
_CODE_MAX = 255
_SLEEP_DIGITS_MAX = 6


def ending(words: Sequence[str]) -> tuple[int, int] | None:
    """After how many milliseconds a command ends, and with which exit code; ``None`` for one that runs on.

    Args:
        words: ``command`` and ``args`` of a container.
    """
    program, arguments = _plain(words)
    if program == "sleep" and len(arguments) == 1 and _is_number(arguments[0], _SLEEP_DIGITS_MAX):
        return int(arguments[0]) * SECOND_MS, 0
    if program not in _ENDING:
        return None
    code = _ENDING[program]
    if program == "exit" and arguments and _is_number(arguments[0], 3):
        code = min(_CODE_MAX, int(arguments[0]))
    return _AT_ONCE_MS, code


def _is_number(text: str, digits_max: int) -> bool:
    return text.isdecimal() and len(text) <= digits_max


def _plain(words: Sequence[str]) -> tuple[str, Sequence[str]]:
    """The program that runs in the end, without its folder, and its arguments; no program for a script."""
    if not words:
        return "", ()
    program, arguments = words[0].rpartition("/")[2], words[1:]
    if program not in _SHELLS:
        return program, arguments
    if len(arguments) < 2 or not arguments[0].endswith("c") or _SCRIPT & set(arguments[1]):
        return "", ()
    try:
        inner = shlex.split(arguments[1])
    except ValueError:
        return "", ()
    if inner[:1] == ["exec"]:
        inner = inner[1:]
    return (inner[0].rpartition("/")[2], inner[1:]) if inner else ("", ())
