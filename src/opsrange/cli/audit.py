"""``opsrange audit``: verify and read the trail that a gate wrote."""

from __future__ import annotations

import re
from pathlib import Path

import click

from opsrange.errors import OperatorError

_HASH = re.compile("[0-9a-f]{64}")
_FILE = click.argument("file", type=click.Path(path_type=Path))


@click.group("audit", epilog="Example: opsrange audit verify out/run/audit.jsonl")
def command() -> None:
    """Verify or show the audit trail of a gate."""


@command.command("verify", epilog="Example: opsrange audit verify out/run/audit.jsonl")
@_FILE
@click.option(
    "--head", default=None, help="The last entry's hash as it was kept elsewhere, e.g. in a log."
)
def verify_command(file: Path, head: str | None) -> int:
    """Say whether a trail is as it was written; exits 1 when it is not."""
    from opsrange.oversight.audit import HEAD_MISSING, entries, verify

    if head is not None and not _HASH.fullmatch(head):
        raise OperatorError(
            f"asked for --head {head!r} which is no hash; expected all 64 hexadecimal digits"
        )
    problems = verify(file, head or "")
    if problems:
        for problem in problems:
            click.echo(problem)
        only_head = len(problems) == 1 and problems[0].endswith(HEAD_MISSING)
        click.echo(
            f"whether the end of {file} is still there cannot be told without it"
            if only_head
            else f"{file} was changed after it was written"
        )
        return 1
    found = entries(file)
    last = found[-1].hash if found else "-"
    click.echo(f"{file} is as it was written: {len(found)} entries, head {last}")
    return 0


@command.command("show", epilog="Example: opsrange audit show out/run/audit.jsonl")
@_FILE
@click.option("--json", "as_json", is_flag=True, help="Print entries as JSON lines.")
def show_command(file: Path, as_json: bool) -> None:
    """Print a trail: who decided what, when, and what came of it."""
    from opsrange.oversight.audit import entries
    from opsrange.types import rfc3339

    for entry in entries(file):
        if as_json:
            click.echo(entry.model_dump_json())
            continue
        body = entry.body
        said = " ".join(
            str(body[name]) for name in ("decision", "decider", "effect") if body.get(name)
        )
        text = str(body.get("command", "")).replace("\n", " ")[:100]
        why = body.get("reason") or body.get("why") or ""
        click.echo(
            f"{rfc3339(entry.virtual_ms)} {entry.attempt:24} {entry.kind:8} {said:20} {text}"
            + (f"  ({why})" if why else "")
        )
