"""Functions of one number, total like Go's: outside their domain they answer NaN or an infinity."""

from __future__ import annotations

import calendar
import math
from collections.abc import Callable
from datetime import UTC, datetime


def _total(function: Callable[[float], float]) -> Callable[[float], float]:
    def apply(value: float) -> float:
        try:
            return float(function(value))
        except OverflowError:
            return math.inf
        except ValueError:
            return math.nan

    return apply


def _logarithm(function: Callable[[float], float]) -> Callable[[float], float]:
    total = _total(function)
    return lambda value: -math.inf if value == 0 else total(value)


def _whole(function: Callable[[float], int]) -> Callable[[float], float]:
    return lambda value: float(function(value)) if math.isfinite(value) else value


def _sign(value: float) -> float:
    return value if value == 0 or math.isnan(value) else math.copysign(1.0, value)


def round_to(value: float, nearest: float) -> float:
    """``value`` to the nearest multiple, halves upwards."""
    if nearest == 0 or not math.isfinite(value):
        return math.nan if nearest == 0 else value
    scaled = value * (1.0 / nearest) + 0.5
    return math.floor(scaled) / (1.0 / nearest) if math.isfinite(scaled) else math.nan


ELEMENTWISE: dict[str, Callable[[float], float]] = {
    "abs": abs,
    "acos": _total(math.acos),
    "asin": _total(math.asin),
    "atan": math.atan,
    "ceil": _whole(math.ceil),
    "cos": _total(math.cos),
    "deg": math.degrees,
    "exp": _total(math.exp),
    "floor": _whole(math.floor),
    "ln": _logarithm(math.log),
    "log10": _logarithm(math.log10),
    "log2": _logarithm(math.log2),
    "rad": math.radians,
    "sgn": _sign,
    "sin": _total(math.sin),
    "sqrt": _total(math.sqrt),
    "tan": _total(math.tan),
}


def _calendar(part: Callable[[datetime], int]) -> Callable[[float], float]:
    def apply(value: float) -> float:
        try:
            return float(part(datetime.fromtimestamp(value, UTC)))
        except (ValueError, OverflowError, OSError):
            return math.nan

    return apply


CALENDAR: dict[str, Callable[[float], float]] = {
    "day_of_month": _calendar(lambda d: d.day),
    "day_of_week": _calendar(lambda d: d.isoweekday() % 7),
    "day_of_year": _calendar(lambda d: d.timetuple().tm_yday),
    "days_in_month": _calendar(lambda d: calendar.monthrange(d.year, d.month)[1]),
    "hour": _calendar(lambda d: d.hour),
    "minute": _calendar(lambda d: d.minute),
    "month": _calendar(lambda d: d.month),
    "year": _calendar(lambda d: d.year),
}
