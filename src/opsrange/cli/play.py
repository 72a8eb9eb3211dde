"""``opsrange play``: a person in the seat, scored like any agent."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from opsrange.cli.options import FOLDER_OUT, SEED

if TYPE_CHECKING:
    from opsrange.reports.results import AttemptResult
    from opsrange.seat.seat import Seat
    from opsrange.trace import Report, Step

THINK_MS = 20_000
"""What typing a command costs on the incident's clock: as much as a model's turn."""
COST_MS = 1_000
_STATE = "~/.seat_state"
_HELP = (
    "Each line is one command and costs 20 s of incident time; the directory and exported variables last.\n"
    "`report` hands in your report and ends the incident; `quit`, `exit` or Ctrl-D gives up. Full-screen programs do not work here."
)


@click.command("play", epilog="Example: opsrange play memory-limit-low --seed 2")
@click.argument("scenario")
@click.option("--seed", type=SEED, default=1, show_default=True, help="The instance's seed.")
@click.option(
    "--out",
    type=FOLDER_OUT,
    default=Path("out/play"),
    show_default=True,
    help="Output folder.",
)
def command(scenario: str, seed: int, out: Path) -> None:
    """Sit in the sandbox yourself, and be scored like any agent."""
    from opsrange.scenarios.spec import find_scenario
    from opsrange.seat.doctor import require

    find_scenario(scenario)
    require()
    row = asyncio.run(_play(scenario, seed))
    _show(row, out)


async def _play(scenario: str, seed: int) -> AttemptResult:
    from opsrange.hosting import Stable
    from opsrange.reports.results import AttemptResult
    from opsrange.scoring.regrade import regrade
    from opsrange.seat.limits import BUILDER
    from opsrange.seat.seat import Seat

    stable = await Stable.open(BUILDER)
    try:
        world = await stable.world(scenario, seed)
        page = await world.call("page")
        click.echo(page["text"])
        click.echo(f"\n{_HELP}\n")
        async with await Seat.open(world) as seat:
            steps, report = await _shift(seat)
        click.echo(
            "The world lives on for a while; then it is compared with one in which nobody did anything ..."
        )
        handed_in = report.model_dump(mode="json") if report else None
        verdict = regrade(await world.call("conclude", report=handed_in))
        return AttemptResult(
            scenario=scenario,
            seed=seed,
            task="opsrange/sre_repair",
            verdict=verdict,
            page=page["text"],
            report=report,
            steps=steps,
            turns=len(steps),
        )
    finally:
        await stable.close()


async def _shift(seat: Seat) -> tuple[list[Step], Report | None]:
    """Read commands until the person reports or leaves."""
    from opsrange.trace import Step

    steps: list[Step] = []
    while True:
        try:
            line = (await asyncio.to_thread(_ask, "oncall@bastion:~$ ")).strip()
        except EOFError:
            return steps, None
        if line in {"quit", "exit"}:
            return steps, None
        if line == "report":
            return steps, await asyncio.to_thread(_ask_report)
        if line:
            steps.append(Step.model_validate(await _step(seat, line)))


def _ask(prompt: str) -> str:
    """A line with editing and history, where the terminal has them."""
    import readline  # noqa: F401 - input() uses it once it is imported

    return input(prompt)


async def _step(seat: Seat, line: str) -> dict[str, Any]:
    """Run one line in a shell that remembers its directory and exports."""
    from opsrange.seat.seat import Command, CommandRefused

    script = (
        f"[ -f {_STATE} ] && . {_STATE} 2>/dev/null\n{line}\n__status=$?\n"
        f"{{ export -p; printf 'cd %q\\n' \"$PWD\"; }} > {_STATE}\nexit $__status"
    )
    try:
        done, record = await seat.step(
            Command(("/bin/bash", "-c", script), line), think_ms=THINK_MS, cost_ms=COST_MS
        )
    except CommandRefused as refused:
        click.echo(f"the command was refused: {refused}", err=True)
        return refused.record
    click.echo(record["stdout"], nl=False)
    click.echo(record["stderr"], nl=False, err=True)
    if done.stopped:
        click.echo(f"[stopped: {done.stopped}]", err=True)
    return record


def _ask_report() -> Report:
    """A guided form. Empty answers end lists."""
    from opsrange.trace import Report, RootCause

    causes = []
    while entity := input("root cause as namespace/Kind/name (empty line ends the list): ").strip():
        causes.append(
            RootCause(entity=entity, mechanism=input("  what is wrong with it: ").strip())
        )
    healthy = input("is the service healthy now? [y/n] ").strip().lower().startswith("y")
    return Report(
        root_causes=causes, healthy=healthy, summary=input("summary in a sentence: ").strip()
    )


def _show(row: AttemptResult, out: Path) -> None:
    from opsrange import __version__
    from opsrange.cli.suite import REPORT_FILE, write_outputs
    from opsrange.reports.results import results_of

    verdict = row.verdict
    if verdict is not None and verdict.repair is not None:
        repair = verdict.repair
        windows = f"{repair.objective.windows_met} of {repair.objective.windows} windows"
        click.echo(
            f"\n{'passed' if repair.passed else 'failed'}   score {repair.score:.2f}   objective {windows}   gate {repair.safety.gate:g}"
        )
        for reason in repair.reasons[:12]:
            click.echo(f"  - {reason}")
    if verdict is not None and verdict.diagnosis is not None:
        click.echo(f"diagnosis {verdict.diagnosis.score:.2f}")
    write_outputs(results_of({"you": [row]}, __version__, {}), out)
    click.echo(f"report   {out / REPORT_FILE}")
