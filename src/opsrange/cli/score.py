"""``opsrange score``: grade stored logs again."""

from __future__ import annotations

from pathlib import Path

import click

from opsrange.cli.options import FOLDER_OUT


@click.command("score", epilog="Example: opsrange score out/run/logs --out out/run")
@click.argument("logs", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=FOLDER_OUT,
    default=None,
    help="Also write results.json and report.html here.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def command(logs: Path, out: Path | None, as_json: bool) -> int:
    """Judge the evidence in stored logs anew; nothing is run and no log is changed."""
    from opsrange.cli.suite import present, write_outputs
    from opsrange.tasks.logbook import read_logs, results_from

    results = results_from(read_logs(logs))
    if out is not None:
        write_outputs(results, out)
    return present(results, out, as_json=as_json, logs=logs)
