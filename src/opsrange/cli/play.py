"""``opsrange play``: a person in the seat, scored like any agent."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

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
    "`report` asks for your report and ends the incident; `quit`, `exit` or Ctrl-D ends it without one. Ctrl-C stops a command.\n"
    "Full-screen programs do not work here."
)
_AGAIN = "\n(Ctrl-C again asks for your report; `exit` ends the incident without one)"


@click.command("play", epilog="Example: opsrange play memory-limit-low --seed 2")
@click.argument("scenario")
@click.option("--seed", type=SEED, default=1, show_default=True, help="The instance's seed.")
@click.option(
    "--out",
    type=FOLDER_OUT,
    default=Path("out/play"),
    show_default=True,
    help="Output folder; each attempt gets its own in it, SCENARIO@SEED/NUMBER.",
)
def command(scenario: str, seed: int, out: Path) -> None:
    """Sit in the sandbox yourself, and be scored like any agent.

    However you leave by the keyboard, what you did is scored and stored. Ctrl-C stops a running command or drops the line you were typing; twice in
    a row at the prompt, it asks for your report. In the report, Ctrl-C or Ctrl-D hands in what you have answered so far.
    """
    from opsrange.scenarios.spec import find_scenario
    from opsrange.seat.doctor import require

    find_scenario(scenario)
    require()
    asyncio.run(_play(scenario, seed, out))


async def _play(scenario: str, seed: int, out: Path) -> None:
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
        with _Keyboard() as keyboard:
            async with await Seat.open(world) as seat:
                steps, report = await _shift(seat, keyboard)
            click.echo(
                "\nThe world lives on for a while; then it is compared with one in which nobody did anything ..."
            )
            handed_in = report.model_dump(mode="json") if report else None
            verdict = regrade(await world.call("conclude", report=handed_in))
            row = AttemptResult(
                scenario=scenario,
                seed=seed,
                task="opsrange/sre_repair",
                verdict=verdict,
                page=page["text"],
                report=report,
                steps=steps,
                turns=len(steps),
            )
            _show(row, _own_folder(out / f"{scenario}@{seed}"))
    finally:
        await stable.close()


class _Keyboard:
    """Lines from the person, and Ctrl-C: it ends the line or the command, and never loses the attempt."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._asking = False
        self.interrupt = asyncio.Event()
        """Set by Ctrl-C outside of :meth:`ask`; each command gets a new one."""

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGINT, self._pressed)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _pressed(self, *_: object) -> None:
        if self._asking:
            self._asking = False
            raise KeyboardInterrupt
        self._loop.call_soon_threadsafe(self.interrupt.set)

    def ask(self, prompt: str) -> str:
        """A line with editing and history, where the terminal has them. Between steps nothing else waits for this thread.

        Raises:
            EOFError: at the end of input.
            KeyboardInterrupt: at Ctrl-C.
        """
        import readline  # noqa: F401 - input() uses it once it is imported

        try:
            self._asking = True
            return input(prompt).strip()
        finally:
            self._asking = False


async def _shift(seat: Seat, keyboard: _Keyboard) -> tuple[list[Step], Report | None]:
    """Read commands until the person reports or leaves."""
    from opsrange.trace import Step

    steps: list[Step] = []
    interrupted = False
    while True:
        try:
            line = keyboard.ask("oncall@bastion:~$ ")
        except EOFError:
            return steps, None
        except KeyboardInterrupt:
            if interrupted:
                click.echo()
                return steps, _ask_report(keyboard)
            interrupted = True
            click.echo(_AGAIN)
            continue
        interrupted = False
        if line in {"quit", "exit"}:
            return steps, None
        if line == "report":
            return steps, _ask_report(keyboard)
        if line:
            keyboard.interrupt = asyncio.Event()
            steps.append(Step.model_validate(await _step(seat, line, keyboard.interrupt)))


async def _step(seat: Seat, line: str, interrupt: asyncio.Event) -> dict[str, Any]:
    """Run one line in a shell that remembers its directory and exports."""
    from opsrange.seat.seat import Command, CommandRefused

    script = (
        f"[ -f {_STATE} ] && . {_STATE} 2>/dev/null\n{line}\n__status=$?\n"
        f"{{ export -p; printf 'cd %q\\n' \"$PWD\"; }} > {_STATE}\nexit $__status"
    )
    try:
        done, record = await seat.step(
            Command(("/bin/bash", "-c", script), line),
            think_ms=THINK_MS,
            cost_ms=COST_MS,
            interrupt=interrupt,
        )
    except CommandRefused as refused:
        click.echo(f"the command was refused: {refused}", err=True)
        return refused.record
    click.echo(record["stdout"], nl=False)
    click.echo(record["stderr"], nl=False, err=True)
    if done.stopped:
        click.echo(f"[stopped: {done.stopped}]", err=True)
    return record


def _ask_report(keyboard: _Keyboard) -> Report:
    """A guided form. Empty answers end lists; at the end of input or Ctrl-C the rest stays empty."""
    from opsrange.trace import Report, RootCause

    report = Report()
    with contextlib.suppress(EOFError, KeyboardInterrupt):
        while entity := keyboard.ask(
            "root cause as namespace/Kind/name (empty line ends the list): "
        ):
            report.root_causes.append(RootCause(entity=entity))
            report.root_causes[-1].mechanism = keyboard.ask("  what is wrong with it: ")
        healthy = keyboard.ask("is the service healthy now? [y/n] ").lower()
        report.healthy = healthy.startswith("y")
        report.escalation = keyboard.ask("whom do you ask for help, and why? (empty line: nobody) ")
        report.summary = keyboard.ask("summary in a sentence: ")
    return report


def _own_folder(attempts: Path) -> Path:
    """A new folder beside those of earlier attempts."""
    number = 1
    while True:
        folder = attempts / str(number)
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            number += 1
        else:
            return folder


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
