"""Reading parameters as Go servers do: query and form together, instants and durations in several spellings."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from urllib.parse import parse_qs

from opsrange.types import parse_rfc3339
from opsrange.wire import Request

_DURATION = re.compile(
    r"(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?"
)
REQUIRED = -1
"""In place of a default instant: an absent one has been refused before."""

_UNITS_MS = (31_536_000_000, 604_800_000, 86_400_000, 3_600_000, 60_000, 1_000, 1)


class BadParameter(Exception):  # noqa: N818 - it becomes a 400, it is no failure of ours
    """A parameter that cannot be read; the message is the answer."""


class Parameters:
    """Query parameters, with those of a form body before them as in Go's ``FormValue``."""

    def __init__(self, request: Request) -> None:
        self._values: dict[str, list[str]] = {}
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if request.method == "POST" and kind == "application/x-www-form-urlencoded":
            text = request.body.decode("utf-8", "replace")
            self._values = parse_qs(text, keep_blank_values=True)
        query: Mapping[str, list[str]] = request.query
        for name, values in query.items():
            self._values.setdefault(name, []).extend(values)

    def one(self, name: str, default: str = "") -> str:
        """The first value, or the default."""
        values = self._values.get(name)
        return values[0] if values else default

    def all(self, name: str) -> list[str]:
        """Every value."""
        return list(self._values.get(name, []))

    def whole(self, name: str, default: int) -> int:
        """A whole number.

        Raises:
            BadParameter: when it is none.
        """
        text = self.one(name)
        if not text:
            return default
        if not re.fullmatch(r"-?\d{1,18}", text):
            raise BadParameter(f'strconv.ParseInt: parsing "{text}": invalid syntax')
        return int(text)

    def instant_ms(self, name: str, default_ms: int) -> int:
        """Seconds since the epoch, with decimals, or RFC 3339; in milliseconds.

        Raises:
            BadParameter: in Prometheus' words.
        """
        text = self.one(name)
        if not text:
            return default_ms
        optional = "" if default_ms == REQUIRED else f"Invalid time value for '{name}': "
        problem = (
            f'invalid parameter "{name}": {optional}cannot parse "{text}" to a valid timestamp'
        )
        try:
            seconds = float(text)
        except ValueError:
            try:
                return parse_rfc3339(text)
            except ValueError:
                raise BadParameter(problem) from None
        if not math.isfinite(seconds) or abs(seconds) > 1e13:
            raise BadParameter(problem)
        return round(seconds * 1000)

    def duration_ms(self, name: str, default_ms: int) -> int:
        """Seconds with decimals, or a duration such as ``1m30s``; in milliseconds.

        Raises:
            BadParameter: in Prometheus' words.
        """
        text = self.one(name)
        if not text:
            return default_ms
        problem = f'invalid parameter "{name}": cannot parse "{text}" to a valid duration'
        try:
            seconds = float(text)
        except ValueError:
            match = _DURATION.fullmatch(text)
            if match is None:
                raise BadParameter(problem) from None
            return sum(
                int(number or 0) * unit
                for number, unit in zip(match.groups(), _UNITS_MS, strict=True)
            )
        if not math.isfinite(seconds) or abs(seconds) > 9e9:
            raise BadParameter(problem)
        return round(seconds * 1000)
