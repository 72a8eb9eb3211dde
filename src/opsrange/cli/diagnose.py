"""``opsrange diagnose``: where attempts failed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opsrange.tasks.diagnoses import Diagnosed


@click.command(
    "diagnose", epilog="Example: opsrange diagnose out/run/logs --sample selector-broken"
)
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--sample", default="", help="Only attempts whose name contains this.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def command(path: Path, sample: str, as_json: bool) -> None:
    """Diagnose recorded attempts: a folder of Inspect logs, or one file of any kind that is understood."""
    from opsrange.tasks.diagnoses import diagnosed

    found = diagnosed(path, sample)
    if as_json:
        import json

        rows = [
            {"agent": each.agent, "attempt": each.name, **each.diagnosis.model_dump(mode="json")}
            for each in found
        ]
        click.echo(json.dumps(rows, indent=2))
        return
    _print(found)


def _print(found: Sequence[Diagnosed]) -> None:
    """One block per attempt: the verdict, the primary event with its evidence, what else there was."""
    for each in found:
        diagnosis = each.diagnosis
        head = diagnosis.primary or ("-" if diagnosis.outcome == "passed" else "abstains")
        sure = f" ({diagnosis.tier})" if diagnosis.tier else ""
        click.echo(f"{each.agent} {each.name}: {diagnosis.outcome}, {head}{sure}")
        click.echo(f"  {diagnosis.why}")
        if diagnosis.broken_link and diagnosis.outcome != "passed":
            click.echo(f"  broken link: {diagnosis.broken_link}")
        for event in diagnosis.events:
            where = "report" if event.step is None else f"step {event.step}"
            mark = " [experimental]" if event.code in diagnosis.unpublished else ""
            click.echo(f"  {event.role:12} {event.code} {where}: {event.why}{mark}")
            if event.corrected:
                click.echo(f"               {event.corrected}")
        for note in diagnosis.notes:
            click.echo(f"  ours         detector {note.detector} failed: {note.text}")
