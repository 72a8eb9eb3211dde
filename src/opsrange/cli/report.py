"""``opsrange report``: the HTML report from stored logs or results."""

from __future__ import annotations

from pathlib import Path

import click

from opsrange.cli.options import FILE_OUT


@click.command("report", epilog="Example: opsrange report out/demo/logs --out report.html")
@click.argument("logs", type=click.Path(path_type=Path), default=Path("out/demo/logs"))
@click.option("--out", type=FILE_OUT, default=Path("report.html"), show_default=True)
def command(logs: Path, out: Path) -> None:
    """Write one HTML file that opens offline."""
    from opsrange.reports.page import render
    from opsrange.tasks.logbook import read_logs, results_from

    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(render(results_from(read_logs(logs))))
    click.echo(f"report   {out}")
