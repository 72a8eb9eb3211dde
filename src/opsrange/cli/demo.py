"""``opsrange demo``: scripted agents on every scenario."""

from __future__ import annotations

from pathlib import Path

import click

from opsrange.cli.options import COUNT, FOLDER_OUT

AGENTS = ("oracle", "triage", "constant", "null")


@click.command("demo", epilog="Example: opsrange demo --seeds 1-3 --out out/demo")
@click.option("--seeds", default="1", show_default=True, help="Seeds, e.g. 1 or 1-3.")
@click.option(
    "--scenario",
    default="core",
    show_default=True,
    help="Comma-separated scenarios and sets: core, knowledge, all.",
)
@click.option(
    "--out",
    type=FOLDER_OUT,
    default=Path("out/demo"),
    show_default=True,
    help="Output folder.",
)
@click.option("--at-once", type=COUNT, default=4, show_default=True, help="Attempts at a time.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def command(seeds: str, scenario: str, out: Path, at_once: int, as_json: bool) -> None:
    """Score the oracle, triage, constant and null agents, and write a report.

    Running it again with the same folder continues: finished attempts are not repeated.
    """
    from opsrange.cli.suite import LOGS_FOLDER, present, run_with_progress, write_outputs
    from opsrange.seat.doctor import require
    from opsrange.tasks.suite import Suite

    require()
    models = [f"opsrange/{name}" for name in AGENTS]
    suite = Suite(
        models=models, folder=out / LOGS_FOLDER, scenario=scenario, seeds=seeds, at_once=at_once
    )
    results = run_with_progress(suite)
    write_outputs(results, out)
    present(results, out, as_json=as_json)
