"""Ages as ``kubectl get`` shows them."""

from __future__ import annotations

from collections.abc import Callable

from opsrange.types import HOUR_MS, MINUTE_MS, SECOND_MS, Json, parse_rfc3339

_DAY_H = 24
_YEAR_H = 365 * _DAY_H


def _pair(large: int, large_unit: str, small: int, small_unit: str) -> str:
    """Two units, the smaller left out when it is zero."""
    return f"{large}{large_unit}{small}{small_unit}" if small else f"{large}{large_unit}"


def human_duration(duration_ms: int) -> str:
    """A duration in milliseconds the way Kubernetes shortens it: ``45s``, ``5m12s``, ``3h``, ``2d4h``.

    Follows k8s.io/apimachinery/pkg/util/duration.HumanDuration.
    """
    seconds = int(duration_ms / SECOND_MS)
    if seconds < -1:
        return "<invalid>"
    if seconds < 0:
        return "0s"
    minutes, hours = duration_ms // MINUTE_MS, duration_ms // HOUR_MS
    shapes: tuple[tuple[bool, Callable[[], str]], ...] = (
        (seconds < 120, lambda: f"{seconds}s"),
        (minutes < 10, lambda: _pair(minutes, "m", seconds % 60, "s")),
        (minutes < 180, lambda: f"{minutes}m"),
        (hours < 8, lambda: _pair(hours, "h", minutes % 60, "m")),
        (hours < 48, lambda: f"{hours}h"),
        (hours < 8 * _DAY_H, lambda: _pair(hours // _DAY_H, "d", hours % _DAY_H, "h")),
        (hours < 2 * _YEAR_H, lambda: f"{hours // _DAY_H}d"),
        (
            hours < 8 * _YEAR_H,
            lambda: _pair(hours // _YEAR_H, "y", hours // _DAY_H % 365, "d"),
        ),
    )
    for applies, text in shapes:
        if applies:
            return text()
    return f"{hours // _YEAR_H}y"


def since(timestamp: str | None, now_ms: int) -> str:
    """The age of an RFC 3339 timestamp, ``<unknown>`` without one."""
    return human_duration(now_ms - parse_rfc3339(timestamp)) if timestamp else "<unknown>"


def age(document: Json, now_ms: int) -> str:
    """The AGE cell of any object."""
    return since(document.get("metadata", {}).get("creationTimestamp"), now_ms)
