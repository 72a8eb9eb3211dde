"""Numbers and values as a reader sees them.

Belongs here: formatting, alike in every part of a report. Does not: which numbers are shown.
"""

from __future__ import annotations

import json
from typing import Any

from opsrange.scoring.statistics import Interval
from opsrange.types import MINUTE_MS, SECOND_MS

UNKNOWN = "–"
_VALUE_CHARS_MAX = 160


def percent(share: float | None) -> str:
    """A share of one, without decimals; the space does not break."""
    return UNKNOWN if share is None else f"{100 * share:.0f}\u00a0%"


def interval(bounds: Interval | None) -> str:
    """A 95 % interval of a share."""
    return (
        UNKNOWN if bounds is None else f"{100 * bounds.low:.0f} to {100 * bounds.high:.0f}\u00a0%"
    )


def number(value: float | None, digits: int = 0) -> str:
    """A number with thousands apart."""
    return UNKNOWN if value is None else f"{value:,.{digits}f}".replace(",", "\u202f")


def money(usd: float | None) -> str:
    """A price in dollars; fractions of a cent are kept where they are all there is."""
    if usd is None:
        return UNKNOWN
    return f"${usd:.2f}" if usd >= 0.1 or usd == 0 else f"${usd:.4f}"


def minutes(duration_ms: float | None) -> str:
    """A duration in minutes, or in seconds below two of them."""
    if duration_ms is None:
        return UNKNOWN
    if duration_ms < 2 * MINUTE_MS:
        return f"{duration_ms / SECOND_MS:.0f} s"
    return f"{duration_ms / MINUTE_MS:.1f} min"


def clock(since_ms: int) -> str:
    """Time since the page as minutes and seconds."""
    sign = "−" if since_ms < 0 else "+"
    whole_minutes, seconds = divmod(abs(since_ms) // SECOND_MS, 60)
    return f"{sign}{whole_minutes}:{seconds:02d}"


def counted(count: int, noun: str, plural: str = "") -> str:
    """A count with its noun: ``1 agent``, ``2 agents``."""
    return f"{count} {noun}" if count == 1 else f"{count} {plural or noun + 's'}"


def spans(values: list[int]) -> str:
    """Sorted integers with runs drawn together: ``1–3, 7``."""
    parts: list[list[int]] = []
    for value in sorted(set(values)):
        if parts and value == parts[-1][-1] + 1:
            parts[-1].append(value)
        else:
            parts.append([value])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in parts)


def value_of(value: Any) -> str:
    """A JSON value on one line, shortened; nothing is an empty text."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _VALUE_CHARS_MAX else text[: _VALUE_CHARS_MAX - 1] + "…"


def clipped(text: str, chars_max: int) -> str:
    """Head and tail of a long text, with a note on what is missing between."""
    if len(text) <= chars_max:
        return text
    head = chars_max * 2 // 3
    tail = chars_max - head
    return f"{text[:head]}\n[… {len(text) - chars_max} characters not shown …]\n{text[-tail:]}"
