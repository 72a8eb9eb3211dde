"""``opsrange diagnose``: where attempts failed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from opsrange.cli.options import COUNT, FILE_OUT
from opsrange.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opsrange.tasks.diagnosing.diagnoses import Diagnosed
    from opsrange.tasks.diagnosing.judge import Judged


@click.command(
    "diagnose", epilog="Example: opsrange diagnose out/run/logs --sample selector-broken --replay"
)
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option("--sample", default="", help="Only attempts whose agent or name contains this.")
@click.option(
    "--replay", is_flag=True, help="Ask copies of the world until when it could be repaired."
)
@click.option(
    "--html", type=FILE_OUT, default=None, help="Write a page with the evidence to this file."
)
@click.option("--judge", default="", help="Also ask this model; it never changes a label.")
@click.option("--model-base-url", default=None, help="Of the judge's provider.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@click.option(
    "--validate",
    is_flag=True,
    help="Measure the detectors on agents that fail on purpose; takes hours.",
)
@click.option("--quick", is_flag=True, help="With --validate: six classes on two scenarios.")
@click.option("--classes", default="", help="With --validate: only these, e.g. L5,X3.")
@click.option("--seeds", default="1", show_default=True, help="With --validate: e.g. 1 or 1-3.")
@click.option(
    "--at-once",
    type=COUNT,
    default=4,
    show_default=True,
    help="With --validate: attempts at a time.",
)
def command(path: Path | None, sample: str, as_json: bool, html: Path | None, **asked: Any) -> None:
    """Diagnose recorded attempts.

    PATH is a folder of Inspect logs, or one file: an Inspect log, ATIF, or chat messages as JSON or JSON lines. What a file is, its
    content says. Transcripts of other harnesses are searched for what commands and outputs alone can show.
    With --validate it is where attempts are logged (out/validate); the same PATH goes on where it stopped. In a checkout of
    opsrange a whole measurement also rewrites docs/reference and which classes are published.
    """
    if asked["validate"]:
        from opsrange.cli.validate import validate

        folder = path or Path("out/validate")
        classes = tuple(filter(None, asked["classes"].split(",")))
        if asked["classes"] and not classes:
            raise OperatorError(f"asked for classes {asked['classes']!r}; found none; e.g. L5,X3")
        validate(folder, asked["seeds"], asked["at_once"], quick=asked["quick"], classes=classes)
        return
    if asked["quick"] or asked["classes"]:
        raise OperatorError("asked for --quick or --classes; they belong to --validate")
    if path is None:
        raise click.UsageError("asked for no attempts; name logs or a transcript, or --validate")
    from opsrange.tasks.diagnosing.diagnoses import diagnosed, with_replay

    found = diagnosed(path, sample)
    if asked["replay"]:
        from opsrange.seat.doctor import require

        require()
        found = with_replay(found)
    opinions = None
    if asked["judge"]:
        from opsrange.tasks.diagnosing.judge import judged

        opinions = judged(found, asked["judge"], asked["model_base_url"])
    if html is not None:
        from opsrange.reports.casefile import render_cases

        html.parent.mkdir(parents=True, exist_ok=True)
        html.write_text(render_cases([(each.agent, each.name, each.result) for each in found]))
    if as_json:
        import json

        rows: list[dict[str, Any]] = [
            {"agent": each.agent, "attempt": each.name, **each.diagnosis.model_dump(mode="json")}
            for each in found
        ]
        for row, opinion in zip(rows, opinions.opinions if opinions else [], strict=False):
            row["judge"] = opinion.model_dump(mode="json")
        click.echo(json.dumps(rows, indent=2))
        return
    _print(found)
    if opinions is not None:
        _print_opinions(found, opinions)
    if html is not None:
        click.echo(f"page     {html}")


def _print(found: Sequence[Diagnosed]) -> None:
    """One block per attempt: the verdict, the primary event with its evidence, what else there was."""
    from opsrange.diagnosis.detector import detectors

    for each in found:
        diagnosis = each.diagnosis
        head = diagnosis.primary or ("-" if diagnosis.outcome == "passed" else "abstains")
        if diagnosis.primary:
            head = f"{head} {detectors()[diagnosis.primary].title.lower()}"
        sure = f" ({diagnosis.tier})" if diagnosis.tier else ""
        sure += " [experimental]" if diagnosis.primary in diagnosis.unpublished else ""
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


def _print_opinions(found: Sequence[Diagnosed], judged: Judged) -> None:
    """What the model said, and how far it agrees with the rules."""
    for each, opinion in zip(found, judged.opinions, strict=True):
        click.echo(f"judge on {each.agent} {each.name}: {opinion.guess or 'no class'}")
        if opinion.problem:
            click.echo(f"  {opinion.problem}")
        if opinion.summary:
            click.echo(f"  {opinion.summary}")
        for claim in opinion.claims:
            mark = "" if claim.accepted else " [rejected: the step does not hold these words]"
            click.echo(f"  step {claim.step}: {claim.text} “{claim.quote[:120]}”{mark}")
    agreement = "not defined" if judged.agreement is None else f"{judged.agreement:.2f}"
    click.echo(f"agreement of judge and rules: kappa {agreement}, n {judged.compared}")


def _replay(each: Diagnosed) -> str:
    replay = each.diagnosis.replay
    assert replay is not None
    if not replay.exact:
        return f"not exact: {replay.why}"
    if replay.lost_at is None:
        return "an expert could still have repaired it at the end"
    return f"lost after {replay.lost_at} of {len(each.attempt.steps)} steps, by {replay.lost_by}"
