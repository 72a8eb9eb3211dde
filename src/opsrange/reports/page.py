"""The HTML report: one file that opens offline, drawn from ``Results`` alone.

Belongs here: putting view-models into templates. Does not: markup (``templates``), numbers (``overview``, ``timeline``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from opsrange.reports import charts, wording
from opsrange.reports.autonomy import autonomy_of
from opsrange.reports.characters.compared import characters_of
from opsrange.reports.documents import documents_of
from opsrange.reports.failures import failures_of
from opsrange.reports.judgement import judgement_of
from opsrange.reports.oversight.gates import gates_of
from opsrange.reports.overview import anchor_of, overview_of
from opsrange.reports.results import Results
from opsrange.reports.timeline import STRIP_WIDTH, AttemptView, attempt_view

OUTPUT_BYTES = 4_000_000
"""Of commands' output in one report, so that two hundred attempts stay below eight megabytes."""
OUTPUT_CHARS_MIN = 240
OUTPUT_CHARS_MAX = 6_000


@dataclass(frozen=True, slots=True)
class _Section:
    agent: str
    attempts: list[AttemptView]


def render(results: Results) -> str:
    """The whole report.

    Args:
        results: of a suite; may be empty.
    """
    steps = sum(len(attempt.steps) for each in results.agents for attempt in each.attempts)
    output_chars = max(OUTPUT_CHARS_MIN, min(OUTPUT_CHARS_MAX, OUTPUT_BYTES // max(1, steps)))
    sections = [
        _Section(
            each.agent,
            [
                attempt_view(anchor_of(number, index), each.agent, attempt, output_chars)
                for index, attempt in enumerate(each.attempts)
            ],
        )
        for number, each in enumerate(results.agents)
    ]
    turns = charts.score_against(
        results.agents,
        lambda summary: summary.turns_mean,
        title="Score against turns",
        x_title="model turns per attempt, mean",
    )
    cost = charts.score_against(
        results.agents,
        lambda summary: summary.cost_usd_mean,
        title="Score against cost",
        x_title="dollars per attempt, mean",
        unit="$",
    )
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            overview=overview_of(results),
            autonomy=autonomy_of(results),
            failures=failures_of(results),
            characters=characters_of(results),
            documents=documents_of(results),
            gates=gates_of(results),
            charts=[turns, cost],
            geometry=charts,
            sections=sections,
            strip_width=STRIP_WIDTH,
        )
    )


@cache
def environment() -> Environment:
    """The templates, with their filters."""
    made = Environment(
        loader=PackageLoader("opsrange.reports"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["judgement"] = judgement_of
    made.filters["percent"] = wording.percent
    return made
