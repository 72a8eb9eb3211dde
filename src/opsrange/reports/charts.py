"""Geometry of the charts; the templates draw it as inline SVG.

Belongs here: positions, ticks, labels that do not collide. Does not: markup, colours.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from opsrange.reports.results import AgentResult
from opsrange.scoring.statistics import Interval, Summary

WIDTH = 480
HEIGHT = 300
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 14, 40
"""Margins of the plot, in the units of the drawing."""
_LABEL_GAP = 9.0
_LABEL_HEIGHT = 13
_LETTER_WIDTH = 6.8
_PLACES = 9
_TICKS = 4


@dataclass(frozen=True, slots=True)
class Reading:
    """What is to be drawn: a share between 0 and 1 and what it took."""

    name: str
    price: float
    share: float
    bounds: Interval | None


@dataclass(frozen=True, slots=True)
class Point:
    """One reading in a scatter chart."""

    agent: str
    x: float
    y: float
    y_low: float
    y_high: float
    label_x: float
    label_y: float
    anchor: str
    """``start`` or ``end``: on which side of the point the label stands."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Scatter:
    """A chart of score against a price."""

    title: str
    x_title: str
    points: Sequence[Point]
    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]
    missing: Sequence[str]
    """Agents that have no value on the horizontal axis."""


def score_against(
    agents: Sequence[AgentResult],
    price: Callable[[Summary], float | None],
    *,
    title: str,
    x_title: str,
    unit: str = "",
) -> Scatter:
    """The mean score of each agent against what it took.

    Args:
        agents: in the order of the leaderboard.
        price: the horizontal value; agents without one are listed as missing.
        title: of the chart.
        x_title: of the horizontal axis.
        unit: put before each number on the horizontal axis.
    """
    known = []
    for result in agents:
        value, score = price(result.summary), result.summary.score_mean
        if value is not None and score is not None:
            known.append(Reading(result.agent, value, score, result.summary.score_interval))
    shown = {reading.name for reading in known}
    missing = [result.agent for result in agents if result.agent not in shown]
    return replace(scatter(known, title=title, x_title=x_title, unit=unit), missing=missing)


def scatter(readings: Sequence[Reading], *, title: str, x_title: str, unit: str = "") -> Scatter:
    """Shares against a price.

    Args:
        readings: what is drawn.
        title: of the chart.
        x_title: of the horizontal axis.
        unit: put before each number on the horizontal axis.
    """
    step = _nice(max((reading.price for reading in readings), default=0.0) / _TICKS)
    right = step * _TICKS
    points = [
        _point(reading, LEFT + (WIDTH - LEFT - RIGHT) * reading.price / right)
        for reading in readings
    ]
    ticks = [step * index for index in range(_TICKS + 1)]
    return Scatter(
        title=title,
        x_title=x_title,
        points=_apart(points),
        x_ticks=[
            Tick(LEFT + (WIDTH - LEFT - RIGHT) * tick / right, f"{unit}{tick:g}") for tick in ticks
        ],
        y_ticks=[Tick(_height(share / 4), f"{25 * share} %") for share in range(5)],
        missing=[],
    )


def _point(reading: Reading, x: float) -> Point:
    share, bounds = reading.share, reading.bounds
    return Point(
        agent=reading.name,
        x=round(x, 1),
        y=_height(share),
        y_low=_height(bounds.low if bounds else share),
        y_high=_height(bounds.high if bounds else share),
        label_x=0.0,
        label_y=0.0,
        anchor="start",
    )


def _height(share: float) -> float:
    return round(TOP + (HEIGHT - TOP - BOTTOM) * (1 - share), 1)


def _nice(step: float) -> float:
    """The next larger of 1, 2, 2.5, 5 times a power of ten."""
    if step <= 0:
        return 0.25
    power: float = 10.0 ** math.floor(math.log10(step))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= step * 0.9999)


def _apart(points: Sequence[Point]) -> list[Point]:
    """Give each label the first place where it hides no point and no other label."""
    placed: list[Point] = []
    for point in points:
        free = (
            moved
            for moved in _places(point)
            if not any(_hides(moved, other.x, other.y) for other in points)
            and not any(_collide(moved, other) for other in placed)
        )
        placed.append(next(free, next(_places(point))))
    return placed


def _places(point: Point) -> Iterator[Point]:
    """Beside the point, then ever further above and below it; to the right, then to the left."""
    for index in range(_PLACES):
        step = (index + 1) // 2 * (-1 if index % 2 else 1)
        label_y = round(point.y + 4 + step * _LABEL_HEIGHT, 1)
        for side, anchor in ((_LABEL_GAP, "start"), (-_LABEL_GAP, "end")):
            moved = replace(point, label_x=point.x + side, label_y=label_y, anchor=anchor)
            low, high = _extent(moved)
            if low >= LEFT and high <= WIDTH and TOP - 6 <= label_y <= HEIGHT - BOTTOM + 4:
                yield moved
    yield replace(point, label_x=point.x + _LABEL_GAP, label_y=point.y + 4)


def _extent(point: Point) -> tuple[float, float]:
    """Where a label begins and ends, by the width of an average letter."""
    width = _LETTER_WIDTH * len(point.agent)
    if point.anchor == "end":
        return point.label_x - width, point.label_x
    return point.label_x, point.label_x + width


def _hides(point: Point, x: float, y: float) -> bool:
    low, high = _extent(point)
    return low - 6 < x < high + 6 and -6 < point.label_y - y < 15


def _collide(point: Point, other: Point) -> bool:
    (low, high), (other_low, other_high) = _extent(point), _extent(other)
    beside = low < other_high and other_low < high
    return beside and abs(point.label_y - other.label_y) < _LABEL_HEIGHT
