"""Finished traces, bounded.

Belongs here: spans and searching them. Does not: Jaeger's JSON (``api.jaeger``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from opsrange.types import Span

TRACES = 4_000


@dataclass(frozen=True, slots=True)
class TraceQuery:
    """What to look for; a trace matches when one of its spans satisfies everything."""

    service: str
    operation: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    start_us: int = 0
    end_us: int = 1 << 62
    duration_us_min: int = 0
    duration_us_max: int = 1 << 62
    limit: int = 20

    def accepts(self, span: Span) -> bool:
        """Whether one span satisfies every condition."""
        return (
            span.service == self.service
            and (not self.operation or span.name == self.operation)
            and self.start_us <= span.start_us <= self.end_us
            and self.duration_us_min <= span.duration_us <= self.duration_us_max
            and all(span_tags(span).get(key) == value for key, value in self.tags.items())
        )


def span_tags(span: Span) -> dict[str, str]:
    """All searchable tags of a span: its own, and those OpenTelemetry derives from kind and status."""
    tags = {**span.tags, "span.kind": span.kind}
    if span.error:
        tags |= {"error": "true", "otel.status_code": "ERROR"}
    return tags


class TraceStore:
    """The latest traces, by id.

    Args:
        limit: traces kept; the oldest by arrival makes room.
    """

    def __init__(self, limit: int = TRACES) -> None:
        self._limit = limit
        self._traces: dict[str, list[Span]] = {}

    def add(self, spans: Sequence[Span]) -> None:
        """Store spans; those of a known trace join it."""
        for span in spans:
            trace = self._traces.get(span.trace_id)
            if trace is None:
                if len(self._traces) >= self._limit:
                    del self._traces[next(iter(self._traces))]
                trace = self._traces[span.trace_id] = []
            trace.append(span)

    def get(self, trace_id: str) -> Sequence[Span]:
        """The spans of a trace in order of arrival; empty when unknown."""
        return self._traces.get(trace_id.lower().rjust(32, "0"), [])

    def newest(self) -> Iterator[Sequence[Span]]:
        """All traces, the latest arrival first."""
        return reversed(self._traces.values())

    def find(self, query: TraceQuery) -> list[Sequence[Span]]:
        """Matching traces, the latest arrival first, at most ``query.limit``."""
        found: list[Sequence[Span]] = []
        for spans in self.newest():
            if len(found) >= query.limit:
                break
            if any(query.accepts(span) for span in spans):
                found.append(spans)
        return found

    def services(self) -> list[str]:
        """Every service with a span, sorted."""
        return sorted({span.service for spans in self._traces.values() for span in spans})

    def operations(self, service: str) -> list[tuple[str, str]]:
        """Every (operation, span kind) of a service, sorted."""
        return sorted(
            {
                (span.name, span.kind)
                for spans in self._traces.values()
                for span in spans
                if span.service == service
            }
        )

    def dependencies(self, start_us: int, end_us: int) -> dict[tuple[str, str], int]:
        """Calls between services in a window, by (parent, child)."""
        calls: dict[tuple[str, str], int] = {}
        for spans in self._traces.values():
            by_id = {span.span_id: span for span in spans}
            for span in spans:
                parent = by_id.get(span.parent_id)
                if parent is None or parent.service == span.service:
                    continue
                if start_us <= span.start_us <= end_us:
                    edge = (parent.service, span.service)
                    calls[edge] = calls.get(edge, 0) + 1
        return dict(sorted(calls.items()))
