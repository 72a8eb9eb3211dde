"""What ``demo`` and ``run`` share: progress while attempts run, then results, report and leaderboard."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from opsrange.errors import OperatorError
from opsrange.reports.results import Results
from opsrange.scoring.statistics import Interval
from opsrange.tasks.dataset import choose_scenarios, parse_seeds
from opsrange.tasks.suite import Suite, prepare, run_suite

RESULTS_FILE = "results.json"
REPORT_FILE = "report.html"
LOGS_FOLDER = "logs"
_VOIDS_SHOWN = 5
AUDIT_FILE = "audit.jsonl"
_STANDARD_INPUT = 0


def run_with_progress(*suites: Suite, quiet: bool = False) -> Results:
    """Run suites that share a folder under one progress bar and return the results of all of it.

    Args:
        suites: what to run, one after the other.
        quiet: without the bar, for who shares the terminal with it.
    """
    from opsrange.tasks.logbook import read_logs, results_from

    console = Console(stderr=True)
    with console.status("checking"):  # bad input is refused before a bar is drawn
        prepared = [prepare(suite) for suite in suites]
    bar = Progress(
        TextColumn("attempts"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
        console=console,
        disable=quiet,
    )
    total = sum(map(_attempts, suites))
    with bar:
        row = bar.add_task("", total=total)
        for suite, tasks in zip(suites, prepared, strict=True):
            run_suite(suite, lambda sample: bar.update(row, advance=1, description=sample), tasks)
        there = total - round(bar.tasks[0].completed)
        bar.update(row, completed=total, description="")
    if there > 0:
        console.print(
            f"{there} of {total} attempts were there already and did not run again; another --out runs them anew",
            soft_wrap=True,
        )
    return results_from(read_logs(suites[0].folder))


def _attempts(suite: Suite) -> int:
    from opsrange.scenarios.spec import sets

    instances = len(choose_scenarios(suite.scenario, sets())) * len(parse_seeds(suite.seeds))
    conditions = len(set(suite.docs_arms)) * len(suite.conditions)
    return instances * suite.repeats * len(suite.models) * conditions


def gate_arguments(out: Path, options: Mapping[str, Any]) -> dict[str, str]:
    """A task's arguments for the gate that was asked for; none when none was.

    Args:
        out: the run's folder, where the audit trail goes.
        options: ``gate``, ``approver``, ``information`` and ``policy`` of the command line.

    Raises:
        OperatorError: when a name or the policy file is wrong, or a person is to be asked who is not there.
    """
    from opsrange.oversight.policy import chosen_policy

    path = str(options["policy"].absolute()) if options["policy"] else ""
    named = {name: options[name] for name in ("gate", "approver", "information")}
    chosen = chosen_policy(**named, path=path)
    if chosen is None:
        return {}
    if chosen.approver == "next":
        raise OperatorError(
            "asked for approver next, who leaves it to the one after it in a policy file of Inspect's; here nobody comes after;"
            " name another, e.g. terminal or informed"
        )
    if chosen.approver == "terminal" and chosen.asks and not os.isatty(_STANDARD_INPUT):
        raise OperatorError(
            "asked for approver terminal; found that standard input is none, so nobody could approve anything;"
            " use --approver browser, or one that is simulated, e.g. informed"
        )
    return {
        "gate": chosen.gate,
        "approver": chosen.approver,
        "information": chosen.information.value,
        "policy": path,
        "audit": str((out / AUDIT_FILE).absolute()),
    }


def write_outputs(results: Results, out: Path) -> None:
    """Write ``results.json`` and ``report.html`` into a folder."""
    from opsrange.reports.page import render

    out.mkdir(parents=True, exist_ok=True)
    (out / RESULTS_FILE).write_text(results.model_dump_json(indent=1))
    (out / REPORT_FILE).write_text(render(results))


def present(results: Results, out: Path | None, *, as_json: bool, logs: Path | None = None) -> int:
    """Print the leaderboard, or the summaries as JSON, and where the rest is.

    Args:
        results: of a suite.
        out: where the report and the results were written; ``None`` when they were not.
        as_json: the summaries instead of a table.
        logs: where the logs are, when not below ``out``.

    Returns:
        The exit code: 1 when no attempt could be scored.
    """
    if as_json:
        import json

        summaries = [
            {"agent": row.agent, **row.summary.model_dump(mode="json")} for row in results.agents
        ]
        click.echo(json.dumps({"agents": summaries, "out": out and str(out)}, indent=2))
    else:
        print_board(results)
        _print_voids(results, stored=out is not None)
        _print_failures(results)
        _print_characters(results)
        if out is not None:
            click.echo(f"report   {out / REPORT_FILE}\nresults  {out / RESULTS_FILE}")
            logs = logs or out / LOGS_FOLDER
        click.echo(f"logs     {logs}")
    return 0 if any(agent.summary.scored for agent in results.agents) else 1


def _print_voids(results: Results, *, stored: bool) -> None:
    """Why attempts do not count, most frequent first."""
    reasons = Counter(
        (agent.agent, row.void_owner, " ".join(row.void_reason.split())[:200])
        for agent in results.agents
        for row in agent.attempts
        if row.void_owner is not None
    )
    for (agent, owner, reason), count in reasons.most_common(_VOIDS_SHOWN):
        click.echo(f"void     {agent}: {count} by {owner}: {reason}")
    if len(reasons) > _VOIDS_SHOWN:
        where = f" in {RESULTS_FILE}" if stored else "; --out stores them all"
        click.echo(f"void     {len(reasons) - _VOIDS_SHOWN} more reasons{where}")


def _print_failures(results: Results) -> None:
    """Whose own code failed, most frequent first: that counts, and is no verdict on what it knows."""
    reasons = Counter(
        (agent.agent, " ".join(row.agent_failure.split())[:200])
        for agent in results.agents
        for row in agent.attempts
        if row.agent_failure
    )
    for (agent, reason), count in reasons.most_common(_VOIDS_SHOWN):
        click.echo(f"failed   {agent}: {count} by its own error: {reason}")


def _print_characters(results: Results) -> None:
    """How many characters were diagnosed as what they are, and which were not."""
    from opsrange.reports.characters.compared import characters_of

    found = characters_of(results)
    if found is None:
        return
    click.echo(f"characters  {found.right} of {found.compared} diagnosed as what they are")
    if found.experimental:
        click.echo(f"  experimental classes among these: {', '.join(found.experimental)}")
    for each in found.each:
        for row in each.rows:
            if not row.right:
                told = f"{each.name} {row.incident} ({row.conditions or 'no documents'})"
                click.echo(f"  not so    {told}: expected {row.expected}; found {row.found}")


def print_board(results: Results, console: Console | None = None) -> None:
    """One row per agent, best first."""
    table = Table(title="Leaderboard", title_justify="left", padding=(0, 1, 0, 0))
    table.add_column("agent", overflow="fold")
    for name in ("pass@1", "95 %", "score", "cause", "turns", "repair", "n", "void"):
        table.add_column(name, justify="right", no_wrap=True)
    for agent in results.agents:
        summary = agent.summary
        found = [
            row.verdict.diagnosis.score
            for row in agent.attempts
            if row.verdict and row.verdict.diagnosis
        ]
        diagnosis = sum(found) / len(found) if found else None
        repair_ms = summary.to_repair_ms_median
        table.add_row(
            agent.agent,
            _percent(summary.pass_at_1),
            _interval(summary.pass_at_1_interval),
            _percent(summary.score_mean),
            _percent(diagnosis),
            "-" if summary.turns_mean is None else f"{summary.turns_mean:.1f}",
            "-" if repair_ms is None else f"{repair_ms / 60_000:.1f} min",
            str(summary.scored),
            str(sum(summary.void.values())),
        )
    (console or Console()).print(table)


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def _interval(interval: Interval | None) -> str:
    return "-" if interval is None else f"{interval.low * 100:.0f}-{interval.high * 100:.0f}"
