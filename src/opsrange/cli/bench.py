"""``opsrange bench``: how fast things are here."""

from __future__ import annotations

import json
from pathlib import Path

import click

from opsrange.cli.options import FILE_OUT


@click.command("bench", epilog="Example: opsrange bench --out bench.json --quick")
@click.option(
    "--out",
    type=FILE_OUT,
    default=Path("bench.json"),
    show_default=True,
    help="Where the figures go.",
)
@click.option(
    "--quick", is_flag=True, help="Fewer repeats and one scenario: a look, not a verdict."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of lines.")
def command(out: Path, quick: bool, as_json: bool) -> None:
    """Measure speed and size; medians with n and p95, beside their budgets. Always exits 0."""
    import asyncio

    from opsrange.bench.attempt import seat_figures, start_figures
    from opsrange.bench.diagnosis import diagnosis_figures
    from opsrange.bench.estate import estate_figures
    from opsrange.bench.previews import preview_figures
    from opsrange.bench.search import search_figures
    from opsrange.bench.suite import suite_figure
    from opsrange.seat.doctor import require

    require()
    figures = dict(start_figures(quick=quick))
    figures |= asyncio.run(seat_figures(quick=quick))
    figures |= asyncio.run(preview_figures(quick=quick))
    figures |= asyncio.run(diagnosis_figures(quick=quick))
    figures |= dict(estate_figures(quick=quick))
    figures |= dict(search_figures(quick=quick))
    figures["scripted_attempts"] = suite_figure(quick=quick)
    document = {name: found.model_dump(exclude_none=True) for name, found in figures.items()}
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(document, indent=1) + "\n")
    if as_json:
        click.echo(json.dumps(document, indent=1))
        return
    for name, found in figures.items():
        budget = (
            ""
            if found.budget is None
            else f"  budget {found.budget:g} {'kept' if found.within else 'MISSED'}"
        )
        click.echo(
            f"{name:22} {found.value:10.2f} {found.unit:10} p95 {found.p95:10.2f}  n {found.n:3}{budget}"
        )
    click.echo(f"figures  {out}")
