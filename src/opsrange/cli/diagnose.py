"""``opsrange diagnose``: where attempts failed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opsrange.tasks.diagnoses import Diagnosed


@click.command(
    "diagnose", epilog="Example: opsrange diagnose out/run/logs --sample selector-broken --replay"
)
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--sample", default="", help="Only attempts whose agent or name contains this.")
@click.option(
    "--replay", is_flag=True, help="Ask copies of the world until when it could be repaired."
)
@click.option(
    "--html", type=click.Path(path_type=Path), default=None, help="Write a page with the evidence."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def command(path: Path, sample: str, replay: bool, html: Path | None, as_json: bool) -> None:
    """Diagnose recorded attempts.

    PATH is a folder of Inspect logs, or one file: an Inspect log, ATIF, or chat messages as JSON or JSON lines. What a file is, its
    content says. Transcripts of other harnesses are searched for what commands and outputs alone can show.
    """
    from opsrange.tasks.diagnoses import diagnosed, with_replay

    found = diagnosed(path, sample)
    if replay:
        from opsrange.seat.doctor import require

        require()
        found = with_replay(found)
    if html is not None:
        from opsrange.reports.casefile import render_cases

        html.parent.mkdir(parents=True, exist_ok=True)
        html.write_text(render_cases([(each.agent, each.name, each.result) for each in found]))
    if as_json:
        import json

        rows = [
            {"agent": each.agent, "attempt": each.name, **each.diagnosis.model_dump(mode="json")}
            for each in found
        ]
        click.echo(json.dumps(rows, indent=2))
        return
    _print(found)
    if html is not None:
        click.echo(f"page     {html}")


def _print(found: Sequence[Diagnosed]) -> None:
    """One block per attempt: the verdict, the primary event with its evidence, what else there was."""
    for each in found:
        diagnosis = each.diagnosis
        head = diagnosis.primary or ("-" if diagnosis.outcome == "passed" else "abstains")
        sure = f" ({diagnosis.tier})" if diagnosis.tier else ""
        click.echo(f"{each.agent} {each.name}: {diagnosis.outcome}, {head}{sure}")
        click.echo(f"  {diagnosis.why}")
        if diagnosis.broken_link and diagnosis.outcome != "passed":
            click.echo(f"  broken link: {diagnosis.broken_link.replace('_', ' ')}")
        if diagnosis.replay is not None:
            click.echo(f"  replay: {_replay(each)}")
        for event in diagnosis.events:
            where = "report" if event.step is None else f"step {event.step}"
            mark = " [experimental]" if event.code in diagnosis.unpublished else ""
            click.echo(f"  {event.role:12} {event.code} {where}: {event.why}{mark}")
            if event.corrected:
                click.echo(f"               {event.corrected}")
        for note in diagnosis.notes:
            click.echo(f"  ours         detector {note.detector} failed: {note.text}")


def _replay(each: Diagnosed) -> str:
    replay = each.diagnosis.replay
    assert replay is not None
    if not replay.exact:
        return f"not exact: {replay.why}"
    if replay.lost_at is None:
        return "an expert could still have repaired it at the end"
    return f"lost after {replay.lost_at} of {len(each.attempt.steps)} steps, by {replay.lost_by}"
