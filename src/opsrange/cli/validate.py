"""``opsrange diagnose --validate``: run planted failures and controls, measure the detectors, write the pages."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opsrange.proof import validation

REFERENCE = Path("docs/reference")
SOURCE = Path("src/opsrange/diagnosis")
"""There in a checkout of ours, and nowhere else."""


def validate(
    folder: Path, seeds: str, at_once: int, *, quick: bool, classes: tuple[str, ...] = ()
) -> None:
    """Run, measure, write.

    Args:
        folder: for logs, figures and the pages.
        seeds: of the instances.
        at_once: attempts at a time.
        quick: a sample; publishes nothing.
        classes: only these. A page of the reference is written when all classes that belong on it were run.
    """
    from opsrange.proof import validation
    from opsrange.seat.doctor import require

    require()
    chosen = validation.ranges(folder, seeds, at_once, quick=quick, classes=classes)
    started_s = time.monotonic()
    done = _run(chosen)
    took_s = time.monotonic() - started_s
    for name, grounds in validation.PAGES.items():
        ranges = [each for each in chosen if each.ground in grounds]
        if ranges:
            _measure(folder / name, ranges, validation.planted_on(grounds), quick=quick)
    if done:
        whole = sum(each.attempts for each in validation.ranges(folder, seeds, at_once))
        click.echo(f"{done} attempts in {took_s:.0f} s: {3600 * done / took_s:.0f} an hour")
        click.echo(
            f"a full run of seeds {seeds}: {whole} attempts, {whole * took_s / done / 3600:.1f} hours"
        )


def _measure(
    path: Path, ranges: Sequence[validation.Range], titles: Mapping[str, str], *, quick: bool
) -> None:
    """Measure what belongs on one page, and write it: beside the logs, and into the reference when it is whole."""
    from opsrange.proof import accuracy, validation
    from opsrange.proof.detectors_page import HEADINGS, page

    joined = [validation.judged(each) for each in ranges]
    rows = [row for found, _ in joined for row in found]
    measured = accuracy.measure(rows, sum(void for _, void in joined))
    left_out = sorted(set(titles) - {each.code for each in measured.classes})
    seeds = "; ".join(dict.fromkeys(each.seeds for each in ranges))
    text = page(measured, titles, seeds, left_out, HEADINGS[path.name])
    path.write_text(text)
    path.with_suffix(".jsonl").write_text("".join(row.model_dump_json() + "\n" for row in rows))
    click.echo(
        f"{measured.planted} planted, {measured.decisive} verified as decisive; {measured.controls_passed} of"
        f" {measured.controls} controls passed; {measured.void} void"
    )
    for each in measured.classes:
        click.echo(
            f"{each.code}  n {each.planted}  precision {each.precision or 0:.2f}  recall {each.recall or 0:.2f}"
            f"  {'published' if each.published else 'experimental'}"
        )
    if not quick and not left_out and REFERENCE.is_dir() and SOURCE.is_dir():
        path = REFERENCE / path.name
        path.write_text(text)
        click.echo(f"published  {validation.publish(measured)}")
    click.echo(f"page       {path}")


def _run(chosen: Sequence[validation.Range]) -> int:
    """Run under a progress bar. Returns how many attempts were run now."""
    from opsrange.proof.validation import run

    bar = Progress(
        TextColumn("attempts"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
        console=Console(stderr=True),
    )
    finished: list[str] = []
    with bar:
        total = sum(each.attempts for each in chosen)
        row = bar.add_task("", total=total)

        def tell(sample: str) -> None:
            finished.append(sample)
            bar.update(row, advance=1, description=sample)

        for each in chosen:
            run(each, tell)
        bar.update(row, completed=total, description="")
    return len(finished)
