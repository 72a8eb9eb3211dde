#!@PYTHON@ -IS
"""timeout DURATION COMMAND: runs a command with a limit in virtual time; exit codes as in coreutils."""
# ruff: noqa: EXE001, EXE003, PTH123, PTH208, SIM117 -- installed inside the sandbox with its own interpreter; pathlib would double its start

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import socket
import subprocess
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing itself would cost a millisecond
    from typing import Any, NoReturn

LONGEST_MS = 365 * 86400 * 1000
USAGE = "Try 'timeout --help' for more information."
UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def fail(text: str) -> NoReturn:
    """A usage error: exit code 125."""
    sys.stderr.write(f"timeout: {text}\n{USAGE}\n")
    sys.exit(125)


def seconds_of(text: str) -> float:
    """A duration such as 1.5m in seconds."""
    match = re.fullmatch(r"(\d+\.?\d*|\.\d+)([smhd]?)", text)
    if match is None:
        fail(f"invalid time interval '{text}'")
    return float(match.group(1)) * UNITS[match.group(2)]


def signal_of(text: str) -> int:
    """A signal by name or number."""
    if text.isdigit() and 0 <= int(text) < signal.NSIG:
        return int(text)
    name = text.upper()
    name = name if name.startswith("SIG") else "SIG" + name
    if name not in signal.Signals.__members__:
        fail(f"{text}: invalid signal")
    return int(signal.Signals[name])


def parse(words: list[str]) -> tuple[dict[str, Any], float, list[str]]:
    """Options, then the duration and the command."""
    options = {"signal": signal.SIGTERM, "kill_after": 0.0, "preserve": False, "foreground": False}
    names = {"-s": "signal", "--signal": "signal", "-k": "kill_after", "--kill-after": "kill_after"}
    while words and words[0].startswith("-") and words[0] != "-":
        word = words.pop(0)
        if word == "--":
            break
        if word == "--help":
            sys.stdout.write(
                "Usage: timeout [OPTION] DURATION COMMAND [ARG]...\nDURATION is in seconds; suffixes s, m, h, d.\n"
            )
            sys.exit(0)
        if word == "--version":
            sys.stdout.write("timeout (virtual time)\n")
            sys.exit(0)
        if word == "--preserve-status":
            options["preserve"] = True
        elif word == "--foreground":
            options["foreground"] = True
        elif word not in ("-v", "--verbose"):
            name, value = split_option(word, names, words)
            options[name] = signal_of(value) if name == "signal" else seconds_of(value)
    if len(words) < 2:
        fail("missing operand")
    return options, seconds_of(words[0]), words[1:]


def split_option(word: str, names: dict[str, str], words: list[str]) -> tuple[str, str]:
    """``-k 5``, ``-k5``, ``--kill-after 5`` and ``--kill-after=5``."""
    flag, equals, value = (
        word.partition("=") if word.startswith("--") else (word[:2], word[2:], word[2:])
    )
    if flag not in names:
        fail(f"unrecognized option '{word}'")
    if not equals:
        if not words:
            fail(f"option requires an argument -- '{flag.lstrip('-')}'")
        value = words.pop(0)
    return names[flag], value


def start_timer(seconds: float) -> socket.socket:
    """A socket that becomes readable at its end when that much virtual time has passed."""
    clock = socket.create_connection(("127.0.0.1", 8123))
    clock.sendall(
        b"POST /sleep?ms=%d HTTP/1.1\r\nHost: clock\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        % min(round(seconds * 1000), LONGEST_MS)
    )
    return clock


def ended_first(child: subprocess.Popen[bytes], woken: socket.socket, seconds: float) -> bool:
    """Whether the child ends before the virtual time has passed."""
    clock = start_timer(seconds) if seconds else None
    watched = [woken, *([clock] if clock else [])]
    while child.poll() is None:
        ready = select.select(watched, [], [])[0]
        if woken in ready:
            woken.recv(64)
        elif clock is not None and clock in ready and not clock.recv(4096):
            return child.poll() is not None
    return True


def main() -> int:
    """Run and return the exit code."""
    options, seconds, command = parse(sys.argv[1:])
    woken, waker = socket.socketpair()
    waker.setblocking(False)
    signal.set_wakeup_fd(waker.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    try:
        child = subprocess.Popen(command, start_new_session=False)
    except FileNotFoundError:
        sys.stderr.write(
            f"timeout: failed to run command '{command[0]}': No such file or directory\n"
        )
        return 127
    except OSError as error:
        sys.stderr.write(f"timeout: failed to run command '{command[0]}': {error.strerror}\n")
        return 126
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda got, _: child.send_signal(got))
    if ended_first(child, woken, seconds):
        return code_of(child.returncode)
    deliver(child, options)
    killed = False
    if options["kill_after"]:
        killed = not ended_first(child, woken, options["kill_after"])
        if killed:
            child.kill()
    status = child.wait()
    if options["preserve"]:
        return code_of(status)
    return 137 if killed or options["signal"] == signal.SIGKILL else 124


def deliver(child: subprocess.Popen[bytes], options: dict[str, Any]) -> None:
    """The signal, to the child and what it started."""
    number = options["signal"]
    child.send_signal(number)
    if not options["foreground"]:
        for pid in descendants(child.pid):
            with contextlib.suppress(OSError):
                os.kill(pid, number)
    child.send_signal(signal.SIGCONT)


def descendants(root: int) -> list[int]:
    """Processes below ``root``, itself excluded."""
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError):
                with open(f"/proc/{name}/stat", "rb") as file:
                    parents[int(name)] = int(file.read().rpartition(b")")[2].split()[1])
    found, pending = [], [root]
    while pending:
        children = sorted(pid for pid, parent in parents.items() if parent == pending[0])
        pending = pending[1:] + children
        found += children
    return found


def code_of(status: int) -> int:
    """A Popen status as a shell's exit code."""
    return 128 - status if status < 0 else status


if __name__ == "__main__":
    sys.exit(main())
