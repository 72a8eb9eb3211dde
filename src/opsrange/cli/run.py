"""``opsrange run``: score a model, or an agent of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from opsrange.cli.options import COUNT, FOLDER_OUT
from opsrange.errors import OperatorError


@click.command("run", epilog="Example: opsrange run --model openai/gpt-5 --seeds 1-3 --epochs 3")
@click.argument("task", type=click.Choice(["repair", "diagnosis"]), default="repair")
@click.option(
    "--model",
    "models",
    multiple=True,
    help="An Inspect model name; repeat for several, or give a comma list.",
)
@click.option("--model-base-url", default=None, help="Where an OpenAI-compatible server listens.")
@click.option("--agent", default="", help="An agent of your own: path.py:function.")
@click.option(
    "--scenario",
    default="core",
    show_default=True,
    help="Comma-separated scenarios and sets: core, knowledge, all.",
)
@click.option("--seeds", default="1", show_default=True, help="Seeds, e.g. 1 or 1-3.")
@click.option(
    "--epochs",
    type=COUNT,
    default=None,
    help="Repeats of each instance.  [default: 1; itbench_aa always has 3]",
)
@click.option("--turns", type=COUNT, default=None, help="Most model turns.")
@click.option(
    "--think-time", "think_time_s", type=float, default=None, help="Virtual seconds per model turn."
)
@click.option(
    "--profile",
    type=click.Choice(["opsrange", "itbench_aa"]),
    default="opsrange",
    show_default=True,
)
@click.option(
    "--docs-arm",
    "docs_arms",
    multiple=True,
    help="Documents the agent gets: none, bm25, shell, full, golden, golden_decoys or stale; repeat to compare.",
)
@click.option(
    "--docs",
    "docs_folder",
    type=click.Path(path_type=Path),
    default=None,
    help="A folder of documents of your own; searched (bm25) unless --docs-arm says otherwise.",
)
@click.option("--gate", default="", help="What decides before each command, e.g. effect-class.")
@click.option("--approver", default="", help="Whom the gate asks, e.g. terminal or informed.")
@click.option(
    "--information", default="", help="What the approver sees: command, command+docs or diff."
)
@click.option(
    "--policy",
    type=click.Path(path_type=Path),
    default=None,
    help="A policy file for gate, approver, information and rules.",
)
@click.option("--at-once", type=COUNT, default=4, show_default=True, help="Attempts at a time.")
@click.option(
    "--out",
    type=FOLDER_OUT,
    default=None,
    help="Output folder.  [default: out/run, or for other tasks and profiles out/run-TASK-PROFILE]",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def command(
    task: str, models: tuple[str, ...], agent: str, out: Path | None, as_json: bool, **options: Any
) -> int:
    """Score models on incidents; the same folder continues where it stopped."""
    if not models and not agent:
        raise OperatorError(
            "asked for a run; found neither --model nor --agent; give one, e.g. --model openai/gpt-5"
        )
    from opsrange.cli.suite import (
        LOGS_FOLDER,
        gate_arguments,
        present,
        run_with_progress,
        write_outputs,
    )
    from opsrange.seat.doctor import require
    from opsrange.tasks.suite import Suite

    require()
    out = out or default_folder(task, options["profile"])
    given = {
        "turns": options["turns"],
        "think_time_s": options["think_time_s"],
        "agent": agent or None,
        "docs_folder": str(options["docs_folder"].absolute()) if options["docs_folder"] else None,
    }
    task_args = {name: value for name, value in given.items() if value is not None}
    gated = gate_arguments(out, options)
    suite = Suite(
        models=[*dict.fromkeys(name for each in models for name in each.split(","))]
        or ["none/none"],
        folder=out / LOGS_FOLDER,
        scenario=options["scenario"],
        seeds=options["seeds"],
        task=f"sre_{task}",
        epochs=options["epochs"],
        at_once=1 if gated.get("approver") == "terminal" else options["at_once"],
        docs_arms=options["docs_arms"] or ["bm25" if options["docs_folder"] else "none"],
        task_args={**task_args, **gated, "profile": options["profile"]},
        model_base_url=options["model_base_url"],
    )
    results = run_with_progress(suite, quiet=gated.get("approver") == "terminal")
    write_outputs(results, out)
    return present(results, out, as_json=as_json)


def default_folder(task: str, profile: str) -> Path:
    """Where a run goes that names no folder: another task or another profile's rules make another run."""
    parts = ["run", task if task != "repair" else "", profile if profile != "opsrange" else ""]
    return Path("out", "-".join(filter(None, parts)))
