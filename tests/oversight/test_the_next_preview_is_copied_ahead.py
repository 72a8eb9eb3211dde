"""While the model thinks the next copy is made; it is used only where it still is a copy of what is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from opsrange.seat.preview import Previewer
from opsrange.seat.provider import SeatEnvironment
from opsrange.seat.seat import Command, Seat
from opsrange.trace import Step

pytestmark = pytest.mark.seat
OnCall = Callable[..., Any]
COST_MS = 1000
SCALE = "kubectl scale deployment/ad --replicas={} -n $(kubectl get ns -o name | grep -E 'shop|demo|store' | cut -d/ -f2)"


@asynccontextmanager
async def previewing(seat: Seat) -> AsyncIterator[Previewer]:
    """A previewer that has previewed once, as after a first step under a gate."""
    previewer = Previewer(seat, COST_MS)
    try:
        await previewer.preview(Command.of("true"))
        yield previewer
    finally:
        await previewer.close()


async def really(seat: Seat, command: str) -> Step:
    _, record = await seat.step(command, cost_ms=COST_MS)
    return Step.model_validate(record)


async def copied(previewer: Previewer) -> None:
    """Let the copy be made."""
    previewer.prepare()
    await asyncio.sleep(1)


def test_no_fork_is_waited_for(on_call: OnCall, monkeypatch: pytest.MonkeyPatch) -> None:
    async def body(environment: SeatEnvironment) -> None:
        seat = environment.seat
        async with previewing(seat) as previewer:
            await copied(previewer)
            monkeypatch.setattr(seat.world, "fork", None)  # whoever asks for one now fails
            found = await previewer.preview(Command.of("kubectl get pods -A | wc -l"))
            assert found.step.exit_code == 0

    on_call(body)


def test_it_is_the_step_that_follows(on_call: OnCall) -> None:
    async def body(environment: SeatEnvironment) -> None:
        seat = environment.seat
        async with previewing(seat) as previewer:
            for command in (SCALE.format(0), "kubectl get pods -A | wc -l"):
                await copied(previewer)
                foreseen = (await previewer.preview(Command.of(command), think_ms=20_000)).step
                _, record = await seat.step(command, think_ms=20_000, cost_ms=COST_MS)
                happened = Step.model_validate(record)
                assert (foreseen.digest, foreseen.stdout) == (happened.digest, happened.stdout)

    on_call(body)


def test_what_has_happened_since_is_seen(on_call: OnCall) -> None:
    async def body(environment: SeatEnvironment) -> None:
        seat = environment.seat
        async with previewing(seat) as previewer:
            await copied(previewer)
            await really(seat, SCALE.format(3))
            await really(seat, "echo mine > notes")
            again = await previewer.preview(Command.of(f"{SCALE.format(3)}; cat notes"))
            assert not again.changes
            assert again.step.stdout.endswith("mine\n")
            assert again.step.index == 2

    on_call(body)


def test_time_that_has_passed_since_is_seen(on_call: OnCall) -> None:
    async def body(environment: SeatEnvironment) -> None:
        seat = environment.seat
        async with previewing(seat) as previewer:
            await copied(previewer)
            await seat.world.advance(600_000)
            began_ms = await seat.world.now()
            assert (await previewer.preview(Command.of("date"))).step.started_ms == began_ms

    on_call(body)


def test_files_written_since_are_there(on_call: OnCall) -> None:
    async def body(environment: SeatEnvironment) -> None:
        seat = environment.seat
        async with previewing(seat) as previewer:
            await copied(previewer)
            await seat.write_file("late", b"written between steps\n")
            found = await previewer.preview(Command.of("cat late; rm late"))
            assert found.step.stdout == "written between steps\n"
            assert await seat.read_file("late") == b"written between steps\n"

    on_call(body)


def test_the_end_of_the_attempt_does_not_wait_for_a_copy_nobody_needs(on_call: OnCall) -> None:
    async def body(environment: SeatEnvironment) -> None:
        seat = environment.seat
        async with previewing(seat) as previewer:
            previewer.prepare()
        assert (await really(seat, "echo still here")).stdout == "still here\n"

    on_call(body)


def test_a_gate_that_looks_at_every_command_copies_ahead(
    on_call: OnCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body(environment: SeatEnvironment) -> None:
        command = ["bash", "-lc", "echo fine"]
        await environment.preview(command)
        await environment.exec(command)
        await asyncio.sleep(1)
        monkeypatch.setattr(environment.world, "fork", None)
        assert (await environment.preview(command)).step.stdout == "fine\n"

    on_call(body)
