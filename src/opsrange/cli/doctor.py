"""``opsrange doctor``: what this machine lacks, and what to do about it."""

from __future__ import annotations

import json
import sys

import click


@click.command(
    "doctor", epilog="Example: opsrange doctor --json. Exit code 1 when something is missing."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def command(as_json: bool) -> None:
    """Check everything an attempt needs, before one needs it."""
    from opsrange.seat.doctor import checks

    found = checks()
    if as_json:
        rows = [{"name": c.name, "ok": c.ok, "detail": c.detail, "remedy": c.remedy} for c in found]
        click.echo(json.dumps(rows, indent=2))
    else:
        from rich.console import Console
        from rich.table import Table

        table = Table("check", "", "found", "what to do")
        for check in found:
            mark = "[green]ok[/]" if check.ok else "[red]missing[/]"
            table.add_row(check.name, mark, check.detail, "" if check.ok else check.remedy)
        Console().print(table)
    if not all(check.ok for check in found):
        sys.exit(1)
