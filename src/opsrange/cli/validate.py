"""``opsrange diagnose --validate``: run planted failures and controls, measure the detectors, write the page."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opsrange.proof import validation

PAGE = Path("docs/reference/detectors.md")


def validate(
    folder: Path, seeds: str, at_once: int, *, quick: bool, classes: tuple[str, ...] = ()
) -> None:
    """Run, measure, write.

    Args:
        folder: for logs, figures and the page.
        seeds: of the instances.
        at_once: attempts at a time.
        quick: a sample; publishes nothing.
        classes: only these; the others are left experimental.
    """
    from opsrange.planted.mutator import mutators
    from opsrange.proof import accuracy, validation
    from opsrange.proof.detectors_page import page
    from opsrange.seat.doctor import require

    require()
    chosen = validation.ranges(folder, seeds, at_once, quick=quick, classes=classes)
    started_s = time.monotonic()
    done = _run(chosen)
    took_s = time.monotonic() - started_s
    joined = [validation.judged(each) for each in chosen]
    rows = [row for found, _ in joined for row in found]
    measured = accuracy.measure(rows, sum(void for _, void in joined))
    titles = {code: mutator.title for code, mutator in mutators().items()}
    left_out = [code for code in titles if code not in {each.code for each in measured.classes}]
    text = page(measured, titles, seeds, left_out)
    (folder / "detectors.md").write_text(text)
    (folder / "rows.jsonl").write_text("".join(row.model_dump_json() + "\n" for row in rows))
    click.echo(
        f"{measured.planted} planted, {measured.decisive} verified as decisive; {measured.controls_passed} of"
        f" {measured.controls} controls passed; {measured.void} void"
    )
    for each in measured.classes:
        click.echo(
            f"{each.code}  n {each.planted}  precision {each.precision or 0:.2f}  recall {each.recall or 0:.2f}"
            f"  {'published' if each.published else 'experimental'}"
        )
    if done:
        whole = sum(each.attempts for each in validation.ranges(folder, seeds, at_once))
        click.echo(f"{done} attempts in {took_s:.0f} s: {3600 * done / took_s:.0f} an hour")
        click.echo(
            f"a full run of seeds {seeds}: {whole} attempts, {whole * took_s / done / 3600:.1f} hours"
        )
    if not quick and PAGE.parent.is_dir():
        PAGE.write_text(text)
        click.echo(f"page       {PAGE}\npublished  {validation.publish(measured)}")
    else:
        click.echo(f"page       {folder / 'detectors.md'}")


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
