"""``opsrange verify``: proof by intervention."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from opsrange.cli.options import COUNT, FOLDER_OUT
from opsrange.errors import OperatorError


@click.command(
    "verify",
    epilog="Example: opsrange verify --all --seeds 1-10 --json. Exit code 1 unless all are proven.",
)
@click.argument("scenarios", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every scenario of the library.")
@click.option("--seeds", default="1", show_default=True, help="Seeds, e.g. 1 or 1-10.")
@click.option(
    "--out",
    type=FOLDER_OUT,
    default=Path("out/verify"),
    show_default=True,
    help="Where attempts are logged.",
)
@click.option("--at-once", type=COUNT, default=2, show_default=True, help="Instances at a time.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of lines.")
def command(
    scenarios: tuple[str, ...], everything: bool, seeds: str, out: Path, at_once: int, as_json: bool
) -> None:
    """Prove instances: quiet before, alarm after, healed by removal alone, repaired by the oracle through the seat,
    not by doing nothing and not by any cheat."""
    from opsrange.proof.attempts import prove
    from opsrange.scenarios.spec import sets
    from opsrange.seat.doctor import require
    from opsrange.tasks.dataset import choose_scenarios, parse_seeds

    if not scenarios and not everything:
        raise OperatorError("asked to verify; found no scenario; name some, or pass --all")
    if scenarios and everything:
        raise OperatorError(
            f"asked to verify --all and {' '.join(scenarios)}; name scenarios or pass --all, not both"
        )
    names = choose_scenarios("all" if everything else ",".join(scenarios), sets())
    require()
    proofs = []
    for proof in prove(names, parse_seeds(seeds), folder=out, at_once=at_once):
        proofs.append(proof)
        if not as_json:
            failed = [f"{check.name}: {check.detail}" for check in proof.checks if not check.ok]
            click.echo(
                f"{'proven ' if proof.proven else 'FAILED '} {proof.instance}"
                + "".join(f"\n  {x}" for x in failed)
            )
    proven = sum(proof.proven for proof in proofs)
    if as_json:
        rows = [{"proven": proof.proven, **proof.model_dump()} for proof in proofs]
        click.echo(
            json.dumps({"proven": proven, "requested": len(proofs), "instances": rows}, indent=2)
        )
    else:
        click.echo(f"{proven} of {len(proofs)} instances proven")
    if proven < len(proofs):
        sys.exit(1)
