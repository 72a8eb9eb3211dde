"""A preview is what the command would do, and nobody can tell that it was made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from opsrange.errors import SeatError
from opsrange.hosting.client import World
from opsrange.seat import SeatLimits
from opsrange.seat.provider import SeatEnvironment
from opsrange.trace import Effect, Preview, Step
from opsrange.types import MINUTE_MS

pytestmark = pytest.mark.seat
OnCall = Callable[..., Any]


def shell(command: str) -> list[str]:
    return ["bash", "-lc", command]


async def namespace_of(environment: SeatEnvironment) -> str:
    return str((await environment.world.call("page"))["namespace"])


async def scale(environment: SeatEnvironment, replicas: int) -> str:
    return f"kubectl -n {await namespace_of(environment)} scale deployment/ad --replicas={replicas}"


async def really(environment: SeatEnvironment, command: str) -> Step:
    _, record = await environment.seat.step(shell(command), cost_ms=1000)
    return Step.model_validate(record)


def test_a_preview_is_the_step_that_follows(on_call: OnCall) -> None:
    async def body(environment: SeatEnvironment) -> None:
        for command in (await scale(environment, 0), "kubectl get pods -A --no-headers | wc -l"):
            foreseen = (await environment.preview(shell(command))).step
            happened = await really(environment, command)
            assert foreseen.digest == happened.digest
            assert foreseen.changes == happened.changes
            assert foreseen.stdout == happened.stdout
            assert (foreseen.index, foreseen.started_ms) == (happened.index, happened.started_ms)
            assert foreseen.effect == happened.effect

    on_call(body)


def test_the_world_with_previews_is_the_world_without(on_call: OnCall) -> None:
    async def without(environment: SeatEnvironment) -> str:
        await really(environment, "kubectl get pods -A; echo mine > notes")
        await really(environment, await scale(environment, 2))
        return await environment.world.digest()

    async def previewed(environment: SeatEnvironment) -> str:
        harmful = await scale(environment, 0)
        await environment.preview(shell(harmful))
        await really(environment, "kubectl get pods -A; echo mine > notes")
        await environment.preview(shell("kubectl delete namespace --all; rm -rf ~/* ; sleep 600"))
        await really(environment, await scale(environment, 2))
        left = await environment.seat.run("cat notes; pgrep -c .")
        assert left.stdout.split() == [b"mine", b"2"]  # nothing but the shell and pgrep runs
        return await environment.world.digest()

    assert on_call(without) == on_call(previewed)


def test_a_write_shows_its_consequence_and_a_read_has_none(on_call: OnCall) -> None:
    async def body(environment: SeatEnvironment) -> tuple[Preview, Preview]:
        namespace = await namespace_of(environment)
        harm = f"kubectl -n {namespace} scale deployment/cart --replicas=0"
        return (
            await environment.preview(shell(harm)),
            await environment.preview(shell("kubectl get deployments -A")),
        )

    write, read = on_call(body)
    assert write.effect is Effect.REVERSIBLE_WRITE
    assert [(row.path, row.new) for row in write.changes] == [("spec.replicas", 0)]
    assert write.horizon_ms == 5 * MINUTE_MS
    assert write.health_change["add_to_cart"] < -0.5
    assert any("RequestErrorRate" in alert for alert in write.new_alerts)
    assert (read.effect, read.horizon_ms, read.health_change) == (Effect.READ, 0, {})


def test_the_effect_is_judged_from_state_and_not_from_words(on_call: OnCall) -> None:
    async def body(environment: SeatEnvironment) -> list[Effect]:
        namespace = await namespace_of(environment)
        path = f"http://kubernetes:6443/apis/apps/v1/namespaces/{namespace}/deployments/cart"
        await really(environment, f"printf 'curl -s -X DEL%s {path}' ETE > tidy.sh")
        return [
            (await environment.preview(shell("sh tidy.sh"))).effect,
            (await environment.preview(shell("echo kubectl delete namespace shop"))).effect,
        ]

    assert on_call(body) == [Effect.IRREVERSIBLE_WRITE, Effect.READ]


def test_files_are_those_of_the_seat_each_time(on_call: OnCall) -> None:
    async def body(environment: SeatEnvironment) -> list[str]:
        await really(environment, "mkdir -p d && echo one > d/file && ln -s d/file link")
        found = [await environment.preview(shell("cat link; echo spoilt > d/file; cat link"))]
        found += [await environment.preview(shell("cat link; ls | wc -l"))]
        await really(environment, "rm -r d link; echo two > /tmp/other; chmod 500 /tmp/other")
        found += [await environment.preview(shell("ls -a ~; stat -c %a /tmp/other"))]
        return [each.step.stdout for each in found]

    first, second, third = on_call(body)
    assert first == "one\nspoilt\n"
    assert second == "one\n2\n"
    assert third.split() == [".", "..", ".kube", "500"]


def test_files_that_are_the_same_are_not_copied_again(on_call: OnCall) -> None:
    async def body(environment: SeatEnvironment) -> None:
        await really(environment, "kubectl get pods -A; touch one two three")
        looked = shell("stat -c %i one two three")
        numbers = [(await environment.preview(looked)).step.stdout for _ in range(3)]
        assert len(set(numbers)) == 1
        await really(environment, "touch -d 2001-01-01 two")
        assert (await environment.preview(looked)).step.stdout != numbers[0]

    on_call(body)


def test_what_never_ends_is_bounded_and_says_so(on_call: OnCall) -> None:
    async def body(environment: SeatEnvironment) -> list[str]:
        commands = ("while :; do :; done", "yes", "sleep 100000", "echo fine")
        return [(await environment.preview(shell(command))).unfinished for command in commands]

    limits = SeatLimits(wall_s=3, virtual_s=60, output_bytes_max=1 << 20)
    assert on_call(body, limits) == ["wall_timeout", "output_limit", "virtual_timeout", ""]


def test_what_is_left_running_is_not_known(on_call: OnCall) -> None:
    async def body(environment: SeatEnvironment) -> list[str]:
        later = f"(sleep 600; {await scale(environment, 0)}) >/dev/null 2>&1 &"
        found = [await environment.preview(shell(later))]
        found += [await environment.preview(shell("pgrep -c sleep; sleep 1 & wait"))]
        assert found[1].step.stdout == "0\n"
        return [each.unfinished for each in found]

    assert on_call(body) == ["still_running", ""]


def test_who_looks_at_the_forks_sees_both_worlds(on_call: OnCall) -> None:
    async def body(environment: SeatEnvironment) -> list[int]:
        found: list[int] = []

        async def look(acted: World, idle: World) -> None:
            assert await acted.now() == await idle.now()
            for fork in (acted, idle):
                found.append(len((await fork.call("changes"))["difference"]))

        await environment.preview(shell(await scale(environment, 3)), look=look)
        return found

    assert on_call(body) == [1, 0]


def test_a_failed_look_fails_the_preview_and_the_next_one_works(on_call: OnCall) -> None:
    async def body(environment: SeatEnvironment) -> str:
        async def look(acted: World, idle: World) -> None:
            raise SeatError("the reviewer fell over")

        command = shell(await scale(environment, 3))
        with pytest.raises(SeatError, match="fell over"):
            await environment.preview(command, look=look)
        return (await environment.preview(command)).step.stdout

    assert "scaled" in on_call(body)
