"""``opsrange demo``: scripted agents on every scenario; ``opsrange demo verdict``: ten characters, diagnosed."""

from __future__ import annotations

from pathlib import Path

import click

from opsrange.cli.options import COUNT, FOLDER_OUT

AGENTS = ("oracle", "triage", "constant", "null")


@click.command(
    "demo", epilog="Example: opsrange demo --seeds 1-3 --out out/demo, or opsrange demo verdict"
)
@click.argument("what", type=click.Choice(["score", "verdict"]), default="score")
@click.option("--seeds", default="1", show_default=True, help="Seeds, e.g. 1 or 1-3.")
@click.option(
    "--scenario",
    default="core",
    show_default=True,
    help="Comma-separated scenarios and sets: core, knowledge, all. The verdict has its own.",
)
@click.option(
    "--out",
    type=FOLDER_OUT,
    default=None,
    help="Output folder.  [default: out/demo, or out/verdict]",
)
@click.option("--at-once", type=COUNT, default=4, show_default=True, help="Attempts at a time.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def command(
    what: str, seeds: str, scenario: str, out: Path | None, at_once: int, as_json: bool
) -> int:
    """Score the oracle, triage, constant and null agents, and write a report.

    With `verdict`: send ten characters with known faults through diagnosis, gates and documents, and hold what
    is found against what each declares to be right of it. Running it again with the same folder continues: finished attempts are not repeated.
    """
    from opsrange.cli.suite import LOGS_FOLDER, present, run_with_progress, write_outputs
    from opsrange.seat.doctor import require
    from opsrange.tasks.suite import Suite

    require()
    if what == "verdict":
        from opsrange.tasks.showcase import showcase

        folder = out or Path("out/verdict")
        suites = list(showcase(folder / LOGS_FOLDER, seeds=seeds, at_once=at_once))
    else:
        folder = out or Path("out/demo")
        suites = [
            Suite(
                models=[f"opsrange/{name}" for name in AGENTS],
                folder=folder / LOGS_FOLDER,
                scenario=scenario,
                seeds=seeds,
                at_once=at_once,
            )
        ]
    results = run_with_progress(*suites)
    write_outputs(results, folder)
    return present(results, folder, as_json=as_json)
