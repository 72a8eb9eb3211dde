"""The leaderboard in the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from opsrange.reports.results import Results
from opsrange.scoring.statistics import Interval


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
