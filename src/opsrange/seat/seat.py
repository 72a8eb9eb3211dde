"""One attempt's sandbox: opened over a world, runs commands as steps, leaves nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import platform
import posixpath
import shlex
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from opsrange.errors import SeatError
from opsrange.hosting.client import World
from opsrange.seat import etc, toolbox
from opsrange.seat.control import Completed, Control
from opsrange.seat.layout import Layout, layout
from opsrange.seat.limits import SeatLimits
from opsrange.types import Json

_NOBODY = 65534
_NOT_EXECUTABLE, _NOT_FOUND = 126, 127
_EXIT_TIMEOUT_S = 10.0
_COUNTED_BY_NAMESPACE = (5, 14)
"""From this kernel on, RLIMIT_NPROC counts the sandbox's processes and not all of the user's (ucounts)."""


@dataclass(frozen=True, slots=True)
class Command:
    """What is to be run."""

    argv: tuple[str, ...]
    text: str
    """As it is recorded."""
    stdin: bytes = b""
    cwd: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float | None = None

    @classmethod
    def of(
        cls,
        command: str | Sequence[str],
        *,
        stdin: bytes = b"",
        cwd: str = "",
        env: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
    ) -> Self:
        """Text for bash, or an argument vector."""
        shell = isinstance(command, str)
        argv = ("/bin/bash", "-c", command) if isinstance(command, str) else tuple(command)
        text = argv[-1] if shell else shlex.join(argv)
        return cls(argv, text, stdin, cwd, dict(env or {}), timeout_s)


class CommandRefused(Exception):  # noqa: N818 -- not a failure of ours: the agent's command was refused
    """The sandbox's kernel would not start a command; the step was recorded."""

    def __init__(self, error: OSError, record: Json) -> None:
        super().__init__(str(error))
        self.error = error
        self.record = record


class Seat:
    """A running sandbox whose loopback is the world. Made by :meth:`open`."""

    def __init__(
        self, world: World, limits: SeatLimits, process: subprocess.Popen[bytes], control: Control
    ) -> None:
        self.world = world
        self.limits = limits
        self._process = process
        self._pidfds = [os.pidfd_open(process.pid)]
        self._control = control
        self._now_fd = -1
        self._sockets: dict[str, socket.socket] | None = None
        self._steps = asyncio.Lock()
        self._spent_ms = 0
        """Virtual time that commands have taken."""

    @classmethod
    async def open(
        cls, world: World, limits: SeatLimits | None = None, *, movable: bool = False
    ) -> Self:
        """Assemble a sandbox and let the world answer in it.

        Args:
            world: whose addresses are reachable inside.
            limits: bounds; the defaults when ``None``.
            movable: whether :meth:`move` will be called.

        Raises:
            SeatError: when the sandbox cannot be assembled here.
        """
        limits = limits or SeatLimits()
        places = etc.places(await world.addresses())
        mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        asking, answering = socket.socketpair()
        with theirs, asking, answering:
            control = Control(mine, limits)
            settings = {
                "control": theirs.fileno(),
                "idle": answering.fileno(),
                "listen": [[place.ip, place.port] for place in places],
                "memory_bytes": limits.memory_bytes,
                "now_file": etc.NOW_FILE,
                "rlimits": _rlimits(limits),
            }
            made = layout(limits, etc.files(places))
            information, theirs_information = os.pipe()
            made.descriptors.append(theirs_information)
            made.add("--info-fd", str(theirs_information))
            try:
                process = _start(made, settings, [theirs.fileno(), answering.fileno()])
            except OSError as error:
                control.close()
                os.close(information)
                raise SeatError(f"asked for a sandbox; bwrap does not start: {error}") from error
            finally:
                made.close()
            theirs.close()
            answering.close()
            seat = cls(world, limits, process, control)
            seat._sockets = {} if movable else None
            try:
                await seat._connect(information, [place.address for place in places], asking)
            except BaseException:
                await seat.close()
                raise
        return seat

    async def run(
        self,
        command: str | Sequence[str] | Command,
        *,
        stdin: bytes = b"",
        cwd: str = "",
        env: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
    ) -> Completed:
        """Run one command, without telling the world of a step.

        Args:
            command: text for bash, an argument vector, or a :class:`Command`, which holds the rest too.
            stdin: everything the command can read.
            cwd: relative to the home.
            env: beside the sandbox's own environment.
            timeout_s: on the wall clock; never more than the seat's limit.

        Raises:
            SeatError: when the sandbox was lost.
            OSError: when the command could not be started.
        """
        if not isinstance(command, Command):
            command = Command.of(command, stdin=stdin, cwd=cwd, env=env, timeout_s=timeout_s)
        return await self._run(command, {})

    async def _run(self, command: Command, stop: Mapping[str, asyncio.Event]) -> Completed:
        description = {
            "argv": list(command.argv),
            "cwd": posixpath.join(etc.HOME, command.cwd),
            "env": etc.ENVIRONMENT | dict(command.env),
        }
        wall_s = min(command.timeout_s or self.limits.wall_s, self.limits.wall_s)
        return await self._control.run(description, command.stdin, stop, wall_s)

    async def step(
        self,
        command: str | Sequence[str] | Command,
        *,
        think_ms: int = 0,
        cost_ms: int = 0,
        virtual_s: float | None = None,
        interrupt: asyncio.Event | None = None,
    ) -> tuple[Completed, Json]:
        """One step: the world begins it, the command runs, the world ends and records it. Steps never overlap.

        Args:
            command: as for :meth:`run`.
            think_ms: virtual time before it.
            cost_ms: virtual time it takes, beside what it waits for.
            virtual_s: limit in virtual time; never more than the seat's.
            interrupt: ends the command (``interrupted``), as Ctrl-C does in a shell.

        Returns:
            The command's end and the record (``trace.Step`` as JSON).

        Raises:
            CommandRefused: when the command could not be started; the step is recorded all the same.
            SeatError: when the sandbox was lost.
        """
        if not isinstance(command, Command):
            command = Command.of(command)
        async with self._steps:
            limit_s = min(virtual_s or self.limits.virtual_s, self.limits.virtual_s)
            limit_s = max(0.0, min(limit_s, self.limits.attempt_virtual_s - self._spent_ms / 1000))
            self._control.attend(True)
            try:
                await self.world.begin(limit_ms=round(limit_s * 1000), think_ms=think_ms)
                stop = {"virtual_timeout": self.world.virtual_timeout}
                if interrupt is not None:
                    stop["interrupted"] = interrupt
                return await self._attended(command, stop, cost_ms)
            finally:
                if not self._control.lost.done():
                    self._control.attend(False)

    async def _attended(
        self, command: Command, stop: Mapping[str, asyncio.Event], cost_ms: int
    ) -> tuple[Completed, Json]:
        began_ms = await self.world.now()
        try:
            done = await self._run(command, stop)
            self._spent_ms += await self.world.now() - began_ms
        except OSError as error:
            code = _NOT_FOUND if isinstance(error, FileNotFoundError) else _NOT_EXECUTABLE
            text = f"{error.filename}: {error.strerror}\n"
            record = await self._end(command, Completed(code, b"", text.encode()), cost_ms)
            raise CommandRefused(error, record) from error
        return done, await self._end(command, done, cost_ms)

    async def move(self, world: World) -> None:
        """Let another world answer here, one with the same addresses. Nothing may run inside (:meth:`clear`).

        Raises:
            SeatError: when the sandbox was lost, or was not opened to be moved.
        """
        if self._sockets is None:
            raise SeatError("asked to move a seat that was not opened as movable")
        asking, answering = socket.socketpair()
        with asking, answering:
            self._control.move(answering.fileno())
            os.fchmod(self._now_fd, 0o644)
            await self._serve(world, self._sockets, asking)
        self.world = world

    async def clear(self) -> int:
        """End every process that commands have left behind; how many there were.

        Raises:
            SeatError: when the sandbox was lost.
        """
        return await self._control.clear()

    async def pass_through(self, argv: Sequence[str], source: int, target: int) -> int:
        """Run a program of ours between two files, beside the steps; its exit code (``Control.pass_through``)."""
        async with self._steps:
            return await self._control.pass_through(argv, source, target)

    async def read_file(self, path: str, *, bytes_max: int | None = None) -> bytes:
        """The content of a file inside; a relative path starts at the home.

        Args:
            path: in the sandbox.
            bytes_max: at most so much is read.

        Raises:
            OSError: what the sandbox's user would get.
        """
        fd = await self._control.open_file(posixpath.join(etc.HOME, path), write=False)
        with os.fdopen(fd, "rb") as file:
            os.set_blocking(fd, True)
            return file.read(-1 if bytes_max is None else bytes_max)

    async def write_file(self, path: str, data: bytes) -> None:
        """Create or replace a file inside, with the folders it needs.

        Raises:
            OSError: what the sandbox's user would get.
        """
        fd = await self._control.open_file(posixpath.join(etc.HOME, path), write=True)
        with os.fdopen(fd, "wb") as file:
            file.write(data)

    async def close(self) -> None:
        """End every process of the sandbox and wait until it is gone. Harmless when already closed."""
        self._control.close()
        pidfds, self._pidfds = self._pidfds, []
        try:
            for pidfd in pidfds:
                await _end_process(pidfd)
        finally:
            for pidfd in pidfds:
                os.close(pidfd)
        self._process.wait()
        for each in (self._sockets or {}).values():
            each.close()
        if self._now_fd >= 0:
            os.close(self._now_fd)
            self._now_fd = -1
        if not self.world.ended:
            await self.world.unserve()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def _connect(
        self, information: int, addresses: Sequence[str], asking: socket.socket
    ) -> None:
        with os.fdopen(information) as told:
            descriptors = await self._control.ready()
            self._pidfds.append(os.pidfd_open(json.load(told)["child-pid"]))
        self._now_fd = descriptors[0]
        with contextlib.ExitStack() as stack:
            sockets = [socket.socket(fileno=fd) for fd in descriptors[1:]]
            for each in sockets:
                stack.enter_context(each)
            answering = dict(zip(addresses, sockets, strict=True))
            await self._serve(self.world, answering, asking)
            if self._sockets is not None:
                self._sockets.update(answering)
                stack.pop_all()

    async def _serve(
        self, world: World, sockets: Mapping[str, socket.socket], asking: socket.socket
    ) -> None:
        now_file = Path(f"/proc/{os.getpid()}/fd/{self._now_fd}")
        await world.serve(sockets, idle=asking, now_file=now_file)
        os.fchmod(self._now_fd, 0o444)  # the world has it open

    async def _end(self, command: Command, done: Completed, cost_ms: int) -> Json:
        record: Json = await self.world.end(
            command=command.text,
            exit_code=done.exit_code,
            pipeline_exit_codes=done.pipelines,
            stdout=done.stdout.decode(errors="replace"),
            stderr=done.stderr.decode(errors="replace"),
            stopped=done.stopped,
            wall_ms=round(done.wall_ms, 3),
            cost_ms=cost_ms,
        )
        return record


def probe(limits: SeatLimits) -> str:
    """Assemble a sandbox and run nothing in it; what bubblewrap complained of, empty when it worked."""
    made = layout(limits, etc.files([]))
    try:
        done = _bubblewrap(
            made, ["/usr/bin/true"], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        _, complaint = done.communicate(timeout=_EXIT_TIMEOUT_S)
    finally:
        made.close()
    return (
        ""
        if done.returncode == 0
        else complaint.decode(errors="replace") or f"exit code {done.returncode}"
    )


def _start(made: Layout, settings: Json, keep: Sequence[int]) -> subprocess.Popen[bytes]:
    """Start bubblewrap with process 1 in it."""
    script = made.memory(toolbox.script("init.py").encode())
    for name in ("DONT_FAKE_MONOTONIC", "PATH"):
        made.add("--setenv", name, etc.ENVIRONMENT[name])
    made.add("--setenv", "SEAT", json.dumps(settings))
    command = [toolbox.interpreter().inside, "-I", "-S", "-"]
    return _bubblewrap(made, command, stdin=script, keep=keep)


def _bubblewrap(
    made: Layout,
    command: Sequence[str],
    *,
    stdin: int,
    stderr: int | None = None,
    keep: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a command in a sandbox. A runner that is root gives that up first: nothing inside needs it."""
    binary = os.open(toolbox.bubblewrap(), os.O_RDONLY | os.O_CLOEXEC)
    made.descriptors.append(binary)
    root = os.geteuid() == 0
    return subprocess.Popen(
        [f"/proc/self/fd/{binary}", *made.arguments, "--", *command],
        stdin=stdin,
        stdout=subprocess.DEVNULL,
        stderr=stderr,
        pass_fds=[*made.descriptors, *keep],
        cwd="/",
        env={},
        user=_NOBODY if root else None,
        group=_NOBODY if root else None,
        extra_groups=[] if root else None,
        process_group=0,  # Ctrl-C is the runner's business
    )


def _rlimits(limits: SeatLimits) -> dict[str, int]:
    found = {
        "RLIMIT_CORE": 0,
        "RLIMIT_DATA": limits.process_memory_bytes,
        "RLIMIT_FSIZE": max(limits.home_bytes, limits.tmp_bytes),
        "RLIMIT_NOFILE": limits.open_files,
    }
    release = tuple(int(part) for part in platform.release().split("-")[0].split(".")[:2])
    if release >= _COUNTED_BY_NAMESPACE:
        found["RLIMIT_NPROC"] = limits.processes
    return found


async def _end_process(pidfd: int) -> None:
    """Kill a process and wait until it is gone; process 1 is gone only after everything in its namespace."""
    loop = asyncio.get_running_loop()
    gone = asyncio.Event()
    loop.add_reader(pidfd, gone.set)
    try:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        async with asyncio.timeout(_EXIT_TIMEOUT_S):
            await gone.wait()
    except TimeoutError:
        raise SeatError(
            f"the sandbox did not end within {_EXIT_TIMEOUT_S:g} s of being killed"
        ) from None
    finally:
        loop.remove_reader(pidfd)
