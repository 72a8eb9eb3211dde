"""The seat's end of process 1: starts commands, collects their output and their end."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from opsrange.errors import SeatError
from opsrange.seat.limits import SeatLimits
from opsrange.types import Json

_READ_BYTES = 1 << 16
_NOTE_LINES = 2000
"""Of pipeline exit codes, the last this many are kept; the newest explain the oldest (``pipelines``)."""
_DATAGRAM_BYTES = 1 << 16
_DESCRIPTORS = 64
_READY_TIMEOUT_S = 30.0
_STOP_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Completed:
    """A command that is over."""

    exit_code: int | None
    """As a shell tells it, 128 + signal for a signal; ``None`` when it was stopped."""
    stdout: bytes
    stderr: bytes
    stopped: str = ""
    """``virtual_timeout``, ``wall_timeout``, ``output_limit``, ``memory_limit`` or empty."""
    truncated: tuple[str, ...] = ()
    """Streams that wrote more than is kept."""
    pipelines: list[list[int]] = field(default_factory=list)
    """Exit codes of the members of each pipeline of the outermost shell."""
    wall_ms: float = 0.0


class Stream:
    """Reads a pipe of the sandbox for as long as anything there may write to it; keeps the beginning.

    Args:
        keep_bytes: how much is kept.
    """

    def __init__(self, keep_bytes: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._keep_bytes = keep_bytes
        self.kept = bytearray()
        self.seen_bytes = 0
        self._grew: list[asyncio.Event] = []
        self._fd, self.theirs = os.pipe()
        os.set_blocking(self._fd, False)
        self._loop.add_reader(self._fd, self.drain)

    def drain(self) -> None:
        """Take everything that is there."""
        while self._fd >= 0:
            try:
                data = os.read(self._fd, _READ_BYTES)
            except BlockingIOError:
                return
            if not data:
                self.close()
                return
            self.seen_bytes += len(data)
            self.kept += data[: max(0, self._keep_bytes - len(self.kept))]
            for event in self._grew:
                event.set()
            if len(data) < _READ_BYTES:
                return

    def notify(self, event: asyncio.Event) -> None:
        """Set ``event`` whenever something was read."""
        self._grew.append(event)

    def detach(self) -> bytes:
        """What was kept; what background jobs write from now on is thrown away."""
        self.drain()
        kept, self._keep_bytes = bytes(self.kept), 0
        self.kept = bytearray()
        self._grew.clear()
        return kept

    @property
    def open(self) -> bool:
        """Whether somebody may still write."""
        return self._fd >= 0

    def close(self) -> None:
        """Stop reading."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            self._loop.remove_reader(fd)
            os.close(fd)


class Control:
    """The control socket of one sandbox.

    Args:
        connection: the seat's end of a sequenced-packet socket pair, owned from now on.
        limits: of every command.
    """

    def __init__(self, connection: socket.socket, limits: SeatLimits) -> None:
        connection.setblocking(False)
        self._connection = connection
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._sequence = 0
        self._ready: asyncio.Future[list[int]] = self._loop.create_future()
        self._running: dict[int, asyncio.Future[Json]] = {}
        self._background: list[Stream] = []
        self.lost: asyncio.Future[None] = self._loop.create_future()
        """Done when process 1 has gone."""
        self._loop.add_reader(connection, self._readable)

    async def ready(self) -> list[int]:
        """Wait for process 1; its listening sockets' descriptors.

        Raises:
            SeatError: when it did not come up.
        """
        coming: list[asyncio.Future[Any]] = [self._ready, self.lost]
        await asyncio.wait(coming, timeout=_READY_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED)
        if not self._ready.done():
            raise SeatError("the sandbox did not come up; run `opsrange doctor`")
        return self._ready.result()

    async def run(
        self, description: Json, stdin: bytes, stop: Mapping[str, asyncio.Event], wall_s: float
    ) -> Completed:
        """Run a command to its end.

        Args:
            description: ``argv``, ``cwd``, ``env``.
            stdin: everything the command can read.
            stop: events that end the command, by what it is then called.
            wall_s: its limit on the wall clock.

        Raises:
            SeatError: when the sandbox was lost.
            OSError: when the command could not be started, as the sandbox's kernel says it.
        """
        began = self._loop.time()
        out, err = Stream(self._limits.output_bytes), Stream(self._limits.output_bytes)
        note = Stream(_NOTE_LINES * 16)
        number = self._sequence = self._sequence + 1
        ended: asyncio.Future[Json] = self._loop.create_future()
        self._running[number] = ended
        try:
            self._send_run(number, description, stdin, [out.theirs, err.theirs, note.theirs])
            stopped = await self._watch(number, ended, [out, err], stop, wall_s)
            answer = ended.result()
        finally:
            if not ended.done():
                self._send({"do": "stop", "id": number}, [])
            self._running.pop(number, None)
            kept = [each.detach() for each in (out, err, note)]
            self._background += [each for each in (out, err, note) if each.open]
            self._background = [each for each in self._background if each.open]
        if "errno" in answer:
            raise OSError(answer["errno"], os.strerror(answer["errno"]), answer["name"])
        stopped = answer.get("stopped") or stopped
        return Completed(
            exit_code=None if stopped else answer["exit"],
            stdout=kept[0],
            stderr=kept[1],
            stopped=stopped,
            truncated=tuple(
                name
                for name, each in (("stdout", out), ("stderr", err))
                if each.seen_bytes > self._limits.output_bytes
            ),
            pipelines=pipelines(kept[2].decode(errors="replace").splitlines()),
            wall_ms=(self._loop.time() - began) * 1000,
        )

    async def pass_through(self, argv: Sequence[str], source: int, target: int) -> int:
        """Run a program of ours beside the agent's commands, between two files; its exit code.

        Args:
            argv: the program; it gets no environment.
            source: its standard input; stays open here, as does
            target: its standard output.

        Raises:
            SeatError: when it took too long, or the sandbox was lost.
            OSError: when it could not be started.
        """
        number = self._sequence = self._sequence + 1
        ended: asyncio.Future[Json] = self._loop.create_future()
        self._running[number] = ended
        description = {"argv": list(argv), "cwd": "/", "env": {}}
        body, null = _memory(json.dumps(description).encode()), os.open(os.devnull, os.O_RDWR)
        try:
            header = {"do": "run", "id": number}
            self._send(header, [body, source, target, null, null])
            async with asyncio.timeout(_STOP_TIMEOUT_S):
                answer = await ended
        except TimeoutError:
            self._send({"do": "stop", "id": number}, [])
            raise SeatError(f"{argv[0]} did not end in the sandbox; it is lost") from None
        finally:
            self._running.pop(number, None)
            os.close(body)
            os.close(null)
        if "errno" in answer:
            raise OSError(answer["errno"], os.strerror(answer["errno"]), answer["name"])
        return int(answer.get("exit", 1))

    def move(self, answering: int) -> None:
        """Let another world ask whether every process only waits.

        Args:
            answering: process 1's end of a new idle socket.
        """
        self._send({"do": "move", "id": 0}, [answering])

    async def clear(self) -> int:
        """End every process inside but the first; how many there were.

        Raises:
            SeatError: when the sandbox was lost.
        """
        number = self._sequence = self._sequence + 1
        ended: asyncio.Future[Json] = self._loop.create_future()
        self._running[number] = ended
        try:
            self._send({"do": "clear", "id": number}, [])
            async with asyncio.timeout(_STOP_TIMEOUT_S):
                return int((await ended)["exit"])
        except TimeoutError:
            raise SeatError("the sandbox did not end its processes; it is lost") from None
        finally:
            self._running.pop(number, None)

    def attend(self, open_step: bool) -> None:
        """Tell process 1 that a step begins or is over.

        While one is open but its command is not running, the seat is busy, whatever background jobs wait for.
        """
        self._send({"do": "attend", "id": int(open_step)}, [])

    async def open_file(self, path: str, *, write: bool) -> int:
        """A descriptor of a file inside, opened there by the sandbox's user.

        Raises:
            OSError: as the sandbox's kernel says it.
            SeatError: when the sandbox was lost.
        """
        mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        body = _memory(json.dumps({"path": path, "write": write}).encode())
        with mine, theirs:
            mine.setblocking(False)
            try:
                self._send({"do": "open", "id": 0}, [body, theirs.fileno()])
            finally:
                os.close(body)
            theirs.close()
            answered: asyncio.Event = asyncio.Event()
            self._loop.add_reader(mine, answered.set)
            try:
                async with asyncio.timeout(_STOP_TIMEOUT_S):
                    await answered.wait()
                data, descriptors, _, _ = socket.recv_fds(mine, _DATAGRAM_BYTES, 1)
            except TimeoutError:
                raise SeatError(f"asked the sandbox for {path}; no answer") from None
            finally:
                self._loop.remove_reader(mine)
        if not data:
            raise SeatError(f"asked the sandbox for {path}; it is gone")
        answer = json.loads(data)
        if "errno" in answer:
            raise OSError(answer["errno"], os.strerror(answer["errno"]), path)
        return int(descriptors[0])

    def close(self) -> None:
        """Close this end, which ends the sandbox."""
        if not self.lost.done():
            self._lose()
        for stream in self._background:
            stream.close()
        self._background.clear()

    async def _watch(
        self,
        number: int,
        ended: asyncio.Future[Json],
        streams: Sequence[Stream],
        stop: Mapping[str, asyncio.Event],
        wall_s: float,
    ) -> str:
        """Wait for the end, and bring it about when a bound is reached; which one."""
        grew = asyncio.Event()
        for stream in streams:
            stream.notify(grew)
        waits: dict[str, asyncio.Future[Any]] = {
            name: asyncio.ensure_future(event.wait()) for name, event in stop.items()
        }
        waits["wall_timeout"] = asyncio.ensure_future(asyncio.sleep(wall_s))
        stopped = ""
        try:
            while not ended.done() and not stopped:
                growth = asyncio.ensure_future(grew.wait())
                watched: list[asyncio.Future[Any]] = [ended, growth, *waits.values()]
                await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
                growth.cancel()
                grew.clear()
                if sum(each.seen_bytes for each in streams) > self._limits.output_bytes_max:
                    stopped = "output_limit"
                stopped = next((name for name, wait in waits.items() if wait.done()), stopped)
            if not ended.done():
                self._send({"do": "stop", "id": number}, [])
                await asyncio.wait([ended], timeout=_STOP_TIMEOUT_S)
                if not ended.done():
                    raise SeatError("the sandbox did not stop a command; it is lost")
                return stopped
        finally:
            for wait in waits.values():
                wait.cancel()
        return ""

    def _send_run(
        self, number: int, description: Json, stdin: bytes, outputs: Sequence[int]
    ) -> None:
        body, source = _memory(json.dumps(description).encode()), _memory(stdin)
        try:
            self._send({"do": "run", "id": number}, [body, source, *outputs])
        finally:
            for fd in (body, source, *outputs):
                os.close(fd)

    def _send(self, header: Json, descriptors: Sequence[int]) -> None:
        if self.lost.done():
            raise SeatError("the sandbox is gone")
        try:
            socket.send_fds(self._connection, [json.dumps(header).encode()], list(descriptors))
        except OSError as error:
            self._lose()
            raise SeatError(f"the sandbox is gone: {error.strerror}") from error

    def _readable(self) -> None:
        try:
            data, descriptors, _, _ = socket.recv_fds(
                self._connection, _DATAGRAM_BYTES, _DESCRIPTORS
            )
        except BlockingIOError:
            return
        except OSError as error:
            if error.errno not in {errno.ECONNRESET, errno.EPIPE}:
                raise
            data, descriptors = b"", []
        if not data:
            self._lose()
            return
        message = json.loads(data)
        if "ready" in message:
            self._ready.set_result(descriptors)
            return
        waiting = self._running.get(message["id"])
        if waiting is not None and not waiting.done():
            waiting.set_result(message)

    def _lose(self) -> None:
        if self.lost.done():
            return  # both a failed send and the end of file lead here; a closed socket has no reader
        self._loop.remove_reader(self._connection)
        self._connection.close()
        self.lost.set_result(None)
        for waiting in self._running.values():
            if not waiting.done():
                waiting.set_exception(SeatError("the sandbox died while a command ran"))


def pipelines(lines: Sequence[str]) -> list[list[int]]:
    """Exit codes of each pipeline, from what the shell's traps said.

    Before each simple command, the members of one pipeline included, the shell says the codes of the pipeline that
    finished last; at its end it says them once more, marked. A pipeline of n members therefore stands behind n
    lines that describe earlier ones, which is unambiguous from the end backwards. Compound members (subshells,
    groups) say nothing, so that the count does not come out; then only the changes are certain, and told.
    """
    if not lines or not lines[-1].startswith("="):
        return []
    before = lines[:-2]  # the last but one announces the command that says the last
    said = [[int(word) for word in line.lstrip("=").split()] for line in (*before, lines[-1])]
    changed = {index for index in range(1, len(said)) if said[index] != said[index - 1]}
    ends: list[int] = []
    position = len(said) - 1
    while position > 0 and said[position]:
        ends.append(position)
        position -= len(said[position])
    certain = position == 0 and changed <= set(ends)
    return [said[index] for index in (sorted(ends) if certain else sorted(changed))]


def _memory(data: bytes) -> int:
    """A read position at the beginning of an anonymous file that holds ``data``."""
    fd = os.memfd_create("seat", os.MFD_CLOEXEC)
    with os.fdopen(os.dup(fd), "wb") as file:
        file.write(data)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd
