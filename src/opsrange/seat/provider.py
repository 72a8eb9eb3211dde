"""Inspect's sandbox provider ``opsrange``: each ``exec`` is one step of an attempt.

Belongs here: Inspect's contract. Does not: how a sandbox works (``seat``).
"""
# ruff: noqa: ARG003 -- Inspect's signatures

from __future__ import annotations

import io
import shlex
import tarfile
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal, overload

from inspect_ai.log import transcript
from inspect_ai.util import (
    ExecResult,
    OutputLimitExceededError,
    SandboxConnection,
    SandboxEnvironment,
    SandboxEnvironmentConfigType,
    SandboxEnvironmentLimits,
    SandboxUserUnsupportedError,
    sandboxenv,
    store,
)
from pydantic import BaseModel

from opsrange.errors import OperatorError, SeatError
from opsrange.hosting.client import Stable, World
from opsrange.seat import doctor, etc
from opsrange.seat.control import Completed
from opsrange.seat.limits import SeatConfig
from opsrange.seat.preview import HORIZON_MS, Look, Previewer
from opsrange.seat.seat import Command, CommandRefused, Seat
from opsrange.seat.toolbox import toolbox_versions
from opsrange.trace import Approval, Preview, Step
from opsrange.types import SECOND_MS

STEPS_KEY = "opsrange:steps"
"""Where the sample's store keeps the records."""
APPROVALS_KEY = "opsrange:approvals"
"""Where it keeps every decision about a tool call, those after the last step too."""
TOOLBOX_KEY = "opsrange:toolbox"
"""Where it keeps the versions of the seat's tools."""
_USERS = {None, etc.USER, str(etc.USER_ID)}
_KILLED = 137


@sandboxenv(name="opsrange")
class SeatEnvironment(SandboxEnvironment):
    """The seat of one sample.

    Args:
        seat: open.
        config: what it was opened for.
    """

    def __init__(self, seat: Seat, config: SeatConfig) -> None:
        super().__init__()
        self.seat = seat
        self.config = config
        self.steps: list[Step] = []
        """What was done so far."""
        self.approvals: list[Approval] = []
        """What was decided so far."""
        self.after_step: list[Callable[[Step], None]] = []
        """Told of each step once it is recorded."""
        self.on_leave: list[Callable[[], Awaitable[None]]] = []
        """Awaited when the attempt is over."""
        self._last_ended_ms: int | None = None
        self._previewer = Previewer(seat, self._cost_ms)

    @property
    def world(self) -> World:
        """The attempt's world."""
        return self.seat.world

    @classmethod
    async def task_init(cls, task_name: str, config: SandboxEnvironmentConfigType | None) -> None:
        """Refuse to start where a sandbox cannot run.

        Raises:
            OperatorError: with the remedy of each failed check.
        """
        _checked(config)
        doctor.require()

    @classmethod
    async def sample_init(
        cls,
        task_name: str,
        config: SandboxEnvironmentConfigType | None,
        metadata: dict[str, str],
    ) -> dict[str, SandboxEnvironment]:
        """A world of the instance and a seat over it."""
        asked = _checked(config)
        stable = await Stable.open(asked.builder)
        world = await stable.world(asked.scenario, asked.seed)
        try:
            seat = await Seat.open(world, asked.limits)
        except BaseException:
            await world.close()
            raise
        return {"default": cls(seat, asked)}

    @classmethod
    async def sample_cleanup(
        cls,
        task_name: str,
        config: SandboxEnvironmentConfigType | None,
        environments: dict[str, SandboxEnvironment],
        interrupted: bool,
    ) -> None:
        """End the sandbox and the world, also when the one that is ended first fails."""
        for environment in environments.values():
            mine = environment.as_type(SeatEnvironment)
            try:
                await mine.leave()
                await mine.seat.close()
            finally:
                await mine.world.close()

    @classmethod
    def config_deserialize(cls, config: dict[str, Any]) -> BaseModel:
        """A configuration from a log."""
        return SeatConfig.model_validate(config)

    async def exec(
        self,
        cmd: list[str],
        input: str | bytes | None = None,  # noqa: A002 -- Inspect's name
        cwd: str | None = None,
        env: dict[str, str] | None = None,
        user: str | None = None,
        timeout: int | None = None,  # noqa: ASYNC109 -- Inspect's contract
        timeout_retry: bool = True,
        concurrency: bool = True,
    ) -> ExecResult[str]:
        """Run a command as one step. ``timeout`` counts on the wall and in virtual time; nothing is ever retried.

        Raises:
            OutputLimitExceededError: when a stream wrote more than the seat keeps.
            PermissionError: when ``cmd`` may not be executed.
            SandboxUserUnsupportedError: for any user but the seat's own.
            SeatError: when the sandbox was lost; never the agent's failure.
            TimeoutError: when a limit in time was reached.
        """
        if user not in _USERS:
            raise SandboxUserUnsupportedError(
                f"asked for user {user!r}; the seat has {etc.USER!r} alone"
            )
        command = Command(
            argv=tuple(cmd),
            text=_command_text(cmd),
            stdin=input.encode() if isinstance(input, str) else input or b"",
            cwd=cwd or "",
            env=env or {},
            timeout_s=timeout,
        )
        try:
            done, record = await self.seat.step(
                command,
                think_ms=await self._think_ms(),
                cost_ms=self._cost_ms,
                virtual_s=timeout,
            )
        except CommandRefused as refused:
            self._keep(refused.record)
            if isinstance(refused.error, PermissionError):
                raise refused.error from refused
            return ExecResult(
                False, 127, "", f"{refused.error.filename}: {refused.error.strerror}\n"
            )
        self._keep(record)
        return _result(done, cmd)

    @overload
    async def read_file(self, file: str, text: Literal[True] = True) -> str: ...

    @overload
    async def read_file(self, file: str, text: Literal[False]) -> bytes: ...

    async def read_file(self, file: str, text: bool = True) -> str | bytes:
        """The content of a file; no step."""
        limit = SandboxEnvironmentLimits.MAX_READ_FILE_SIZE
        data = await self.seat.read_file(file, bytes_max=limit + 1)
        if len(data) > limit:
            raise OutputLimitExceededError(SandboxEnvironmentLimits.MAX_READ_FILE_SIZE_STR, None)
        return data.decode() if text else data

    async def write_file(self, file: str, contents: str | bytes) -> None:
        """Create or replace a file; no step."""
        data = contents.encode() if isinstance(contents, str) else contents
        await self.seat.write_file(file, data)

    async def place(self, files: Mapping[str, str], mtimes: Mapping[str, int]) -> None:
        """Create many files at once, below the home; no step.

        Args:
            files: contents by path.
            mtimes: when they were last changed, in seconds since the epoch, by path.

        Raises:
            SeatError: when they do not fit.
        """
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            for path, text in files.items():
                data = text.encode()
                member = tarfile.TarInfo(path)
                member.size, member.mtime = len(data), mtimes.get(path, 0)
                archive.addfile(member, io.BytesIO(data))
        done = await self.seat.run(["tar", "-xf", "-"], stdin=packed.getvalue())
        if done.exit_code != 0:
            raise SeatError(
                f"{len(files)} files could not be placed: {done.stderr.decode(errors='replace').strip()}"
            )

    async def connection(self, *, user: str | None = None) -> SandboxConnection:
        """There is no way in but through steps: what is typed beside them would not be recorded."""
        raise NotImplementedError("a seat has no connection; use `opsrange play` or `opsrange up`")

    async def preview(
        self, cmd: list[str], *, horizon_ms: int = HORIZON_MS, look: Look | None = None
    ) -> Preview:
        """What ``exec`` of the same command would do now. No step: neither the world nor the seat can tell.

        Args:
            cmd: as for :meth:`exec`.
            horizon_ms: how far to look beyond the command, when it changes something.
            look: shown the forks with and without the command at the horizon, when it changes something.

        Raises:
            SeatError: when no sandbox could be had for it.
            WorldError: when a fork of the world failed.
        """
        command = Command(argv=tuple(cmd), text=_command_text(cmd))
        return await self._previewer.preview(
            command, think_ms=await self._think_ms(), horizon_ms=horizon_ms, look=look
        )

    async def leave(self) -> None:
        """Let go of what previews and gates hold. Harmless when there were none."""
        for leave in self.on_leave:
            await leave()
        await self._previewer.close()

    @property
    def _cost_ms(self) -> int:
        return round(self.config.command_cost_s * SECOND_MS)

    async def _think_ms(self) -> int:
        """What is still missing of the think time."""
        think_ms = round(self.config.think_time_s * SECOND_MS)
        if not think_ms or self._last_ended_ms is None:
            return think_ms
        return max(0, self._last_ended_ms + think_ms - await self.world.now())

    async def note_shown(self, text: str) -> None:
        """Put into the last record what the model was shown of it, when that was less than all.

        Args:
            text: the output as shown.
        """
        kept: list[Any] = store().get(STEPS_KEY) or []
        if not kept:
            return
        facts = await self.world.call("facts_in", text=text)
        kept[-1] = {**kept[-1], "shown_chars": len(text), "facts_shown": facts}
        self.steps[-1] = Step.model_validate(kept[-1])
        store().set(STEPS_KEY, list(kept))

    def note_approval(self, approval: Approval) -> None:
        """Keep a decision: with the step that it let through, when there is one, and with the sample."""
        self.approvals.append(approval)
        kept = [each.model_dump(mode="json") for each in self.approvals]
        store().set(APPROVALS_KEY, kept)

    def _keep(self, record: dict[str, Any]) -> None:
        decided = [each for each in self.approvals if each.before_step == record["index"]]
        record["approvals"] = [each.model_dump(mode="json") for each in decided]
        step = Step.model_validate(record)
        self.steps.append(step)
        self._last_ended_ms = step.ended_ms
        kept: list[Any] = store().get(STEPS_KEY) or []
        if not kept:
            store().set(TOOLBOX_KEY, toolbox_versions())
        store().set(STEPS_KEY, [*kept, record])
        transcript().info(record, source=STEPS_KEY)
        for told in self.after_step:
            told(step)


def _checked(config: SandboxEnvironmentConfigType | None) -> SeatConfig:
    if isinstance(config, SeatConfig):
        return config
    raise OperatorError(
        f"asked for the sandbox opsrange with configuration {config!r}; it needs a SeatConfig with scenario and seed; "
        "run one of the opsrange tasks"
    )


def _command_text(cmd: list[str]) -> str:
    """What the agent typed, without the shell that its tool puts before it."""
    if len(cmd) >= 3 and cmd[0] in {"bash", "sh"} and cmd[-2] in {"-c", "-lc"}:
        return cmd[-1]
    return shlex.join(cmd)


def _result(done: Completed, cmd: list[str]) -> ExecResult[str]:
    stdout = done.stdout.decode(errors="replace")
    stderr = done.stderr.decode(errors="replace")
    if done.stopped in {"virtual_timeout", "wall_timeout"}:
        raise TimeoutError(f"{_command_text(cmd)}: {done.stopped}")
    if done.stopped == "output_limit" or done.truncated:
        kept = max(len(done.stdout), len(done.stderr))
        raise OutputLimitExceededError(f"{kept} bytes", stdout + stderr)
    if done.stopped == "memory_limit":
        return ExecResult(False, _KILLED, stdout, stderr + "Killed\n")
    if done.exit_code is None:
        raise SeatError(f"a command was stopped for an unknown reason {done.stopped!r}")
    return ExecResult(done.exit_code == 0, done.exit_code, stdout, stderr)
