"""What is true of one running process: whether it listens, what it holds in memory, what it uses.

Approximated, where a container was told to run something else than its application: it never listens. A few programs end, as they
do; ``sleep`` ends in its time; anything else, a script included, and the application with other arguments, runs and does nothing.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field

from opsrange.apps.definition import Definition, Protocol, Service
from opsrange.apps.manifests import arguments
from opsrange.apps.ports import Instance
from opsrange.apps.registry import Registry, Release
from opsrange.types import SECOND_MS

MIB = 1 << 20
_DIGITS_MAX = 18
_EXIT_DELAY_MS = 900
"""How long a process lives that finds its configuration wanting."""
_NEVER_MS = 1 << 62
_OTHER_BYTES = MIB
"""What a process uses that is not the application."""

_SHELLS = {"sh", "bash", "ash", "dash"}
_ENDING = {"true": 0, "false": 1, ":": 0, "echo": 0, "exit": 0}
"""Programs that end at once, with their exit codes."""
_AT_ONCE_MS = 100
_SCRIPT = set(";&|<>$`\n(){}")
"""Whatever has one of these is more than one plain command."""
_CODE_MAX = 255
_SLEEP_DIGITS_MAX = 6


@dataclass(frozen=True, slots=True)
class Start:
    """How a start goes."""

    exits_after_ms: int | None = None
    """``None``: it runs."""
    exit_code: int = 0
    message: str = ""
    """The last words it writes."""


@dataclass(slots=True)
class Process:
    """The private state of one container's process."""

    uid: str
    service: str
    release: Release
    started_ms: int
    listening_ms: int
    """When it opens its ports, unless it ended before."""
    ports: dict[int, Protocol]
    base_bytes: float
    skew: float
    """Its share of the load relative to its peers', near one."""
    exits: Start = field(default_factory=Start)
    restart: int | None = None
    """Which restart of its container it was seen in first, when nobody announced its start."""
    ended: bool = False
    leaked_bytes: float = 0.0
    memory_bytes: float = 0.0
    cpu_millicores: float = 3.0

    @property
    def foreign(self) -> bool:
        """Whether it is something else than the application, which never listens."""
        return self.listening_ms == _NEVER_MS

    def serves(self, now_ms: int) -> bool:
        """Whether it accepts connections now."""
        return not self.ended and self.exits.exits_after_ms is None and self.listening_ms <= now_ms


class Processes:
    """Every process by instance.

    Args:
        definition: the application.
        registry: how releases behave.
    """

    def __init__(self, definition: Definition, registry: Registry) -> None:
        self._definition = definition
        self._registry = registry
        self._processes: dict[tuple[str, str], Process] = {}

    def start(self, instance: Instance) -> Process:
        """Begin a process for an instance, forgetting what ran in its container before."""
        service = self._definition.services[instance.workload]
        release = self._registry.release(instance.workload, instance.release)
        skew = 0.94 + (sum(instance.uid.encode()) % 13) / 100
        startup_ms = round(service.startup_ms * release.startup_factor * (0.9 + skew / 10))
        base_bytes = service.memory_mib * MIB * release.memory_factor * (0.97 + skew / 30)
        ports = listening(service, instance)
        process = Process(
            uid=instance.uid,
            service=instance.workload,
            release=release,
            started_ms=instance.started_ms,
            listening_ms=instance.started_ms + startup_ms,
            ports=ports or {},
            base_bytes=base_bytes,
            skew=skew,
            exits=_start(service, instance, release, ports is None),
            memory_bytes=base_bytes * 0.5,
        )
        if instance.command is not None and list(instance.command) != arguments(service):
            _replace(process, instance.command)
        self._processes[instance.uid, instance.container] = process
        return process

    def stop(self, instance: Instance) -> None:
        """Forget an instance's process."""
        self._processes.pop((instance.uid, instance.container), None)

    def of(self, instance: Instance) -> Process:
        """The process of a running instance; begun on first sight when nobody started it."""
        found = self._processes.get((instance.uid, instance.container))
        if found is None or (found.restart is not None and found.restart != instance.restart):
            found = self.start(instance)
            found.restart = instance.restart
        return found

    def holds(self, instance: Instance, process: Process) -> bool:
        """Whether a process is still the one that runs in its container."""
        return self._processes.get((instance.uid, instance.container)) is process

    def prune(self, instances: Sequence[Instance]) -> None:
        """Forget processes of instances that are gone."""
        alive = {(instance.uid, instance.container) for instance in instances}
        for key in [key for key in self._processes if key not in alive]:
            del self._processes[key]


def _replace(process: Process, command: Sequence[str]) -> None:
    """Let something else than the application run."""
    ends = ending(command)
    process.exits = Start() if ends is None else Start(*ends)
    process.listening_ms, process.ports = _NEVER_MS, {}
    process.base_bytes = process.memory_bytes = _OTHER_BYTES


def whole(text: str | None, default: int) -> int:
    """A non-negative number as configuration spells it, or ``default`` for anything that is none."""
    if text and text.isdecimal() and len(text) <= _DIGITS_MAX:
        return int(text)
    return default


def listening(service: Service, instance: Instance) -> dict[int, Protocol] | None:
    """The ports a process opens, or ``None`` when its configuration names one that is no port."""
    ports: dict[int, Protocol] = {}
    for port in service.ports:
        text = instance.env.get(port.env, "") if port.env else ""
        number = whole(text, -1) if text else port.port
        if not 0 < number < 65536:
            return None
        ports[number] = port.protocol
    return ports


def _start(service: Service, instance: Instance, release: Release, bad_port: bool) -> Start:
    missing = next((name for name in service.required if not instance.env.get(name)), "")
    if missing:
        return Start(_EXIT_DELAY_MS, 1, f"missing:{missing}")
    if bad_port:
        return Start(_EXIT_DELAY_MS, 1, "invalid port number in environment")
    if release.crash_exit_code is not None:
        return Start(release.crash_after_ms, release.crash_exit_code, release.crash_log)
    return Start()


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
