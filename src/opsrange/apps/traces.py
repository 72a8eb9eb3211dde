"""Sampled traces: walks through the call graph with the latencies and failures of the step."""

from __future__ import annotations

import random

from opsrange.apps.flow import failures, worst
from opsrange.apps.ports import Sink
from opsrange.apps.topology import Edge, Node, Topology
from opsrange.types import Span

_SAMPLE_EVERY_MS = 10_000
_ERROR_SHARE = 0.01
"""Failure probability from which a journey's failures are sampled in every step."""
_DEPTH_MAX = 9


class Tracer:
    """Samples traces of a step.

    Args:
        sink: where traces go.
        draws: chooses journeys, instances, latencies, failures and identifiers.
    """

    def __init__(self, sink: Sink, draws: random.Random) -> None:
        self._sink = sink
        self._draws = draws

    def trace(self, topology: Topology, roots: list[Node], now_ms: int) -> None:
        """Emit the traces of a step; ``roots`` are the operations users began."""
        busy = [node for node in roots if node.rate > 0.0]
        if not busy:
            return
        if now_ms % _SAMPLE_EVERY_MS == 0:
            node = self._draws.choices(busy, [each.rate for each in busy])[0]
            fails = self._draws.random() < node.error
            self._emit(node, now_ms, fails=fails)
        failing = [node for node in busy if node.error > _ERROR_SHARE]
        if failing:
            weights = [node.rate * node.error for node in failing]
            self._emit(self._draws.choices(failing, weights)[0], now_ms, fails=True)

    def _emit(self, node: Node, now_ms: int, *, fails: bool) -> None:
        walk = _Walk(self._draws)
        length_us = walk.server(node, "", 0, fails=fails, depth=0)
        start_us = now_ms * 1000 - length_us - int(self._draws.random() * 1_000_000)
        self._sink.trace(walk.finish(start_us))


class _Walk:
    """One trace in the making; spans start relative to the root."""

    def __init__(self, draws: random.Random) -> None:
        self._draws = draws
        self._trace_id = f"{draws.getrandbits(128):032x}"
        self._spans: list[Span] = []

    def finish(self, start_us: int) -> list[Span]:
        """The spans, in order of their start, shifted to begin at ``start_us``."""
        shifted = [
            Span(
                trace_id=span.trace_id,
                span_id=span.span_id,
                parent_id=span.parent_id,
                service=span.service,
                name=span.name,
                kind=span.kind,
                start_us=span.start_us + start_us,
                duration_us=span.duration_us,
                error=span.error,
                tags=span.tags,
                pod=span.pod,
            )
            for span in self._spans
        ]
        return sorted(shifted, key=lambda span: span.start_us)

    def server(self, node: Node, parent: str, start_us: int, *, fails: bool, depth: int) -> int:
        """Walk one operation; returns its duration in microseconds."""
        draw = self._draws.random
        cohort = node.cohort
        span_id = f"{self._draws.getrandbits(64):016x}"
        culprit, reason = worst(node) if fails else (None, "")
        slot = len(self._spans)
        own_us = int(
            (cohort.wait_ms + node.cpu_ms + node.operation.work_ms + node.extra_ms)
            * 1000
            * self._draws.lognormvariate(-0.1, node.operation.sigma)
        )
        instance = cohort.instances[int(draw() * len(cohort.instances))]
        elapsed_us = own_us // 2
        for edge in node.edges if depth < _DEPTH_MAX else ():
            if fails and culprit is None and draw() < 0.5:
                break
            repeats = int(edge.times + draw())
            breaks = edge is culprit
            longest_us = 0
            for index in range(max(1, min(repeats, 6)) if breaks else min(repeats, 6)):
                at_us = start_us + elapsed_us
                broken = (breaks and index == 0) or (edge.call.optional and draw() < edge.error)
                length_us = self._client(
                    edge, (span_id, instance.pod), at_us, broken=broken, depth=depth
                )
                if edge.call.parallel:
                    longest_us = max(longest_us, length_us)
                else:
                    elapsed_us += length_us
                if breaks:
                    break
            elapsed_us += longest_us
            if breaks:
                break
        duration_us = max(50, elapsed_us + own_us - own_us // 2)
        tags = {"service.version": instance.release}
        if fails:
            tags["otel.status_description"] = (
                node.own_message if culprit is None else f"{culprit.link.name}: {reason}"
            )
        root = not parent
        self._spans.insert(
            slot,
            Span(
                trace_id=self._trace_id,
                span_id=span_id,
                parent_id=parent,
                service=cohort.name,
                name=f"user_{node.name}" if root else node.operation.span or node.name,
                kind="internal" if root else node.operation.kind,
                start_us=start_us,
                duration_us=duration_us,
                error=fails,
                tags=tags,
                pod=instance.pod,
            ),
        )
        return duration_us

    def _client(
        self, edge: Edge, caller: tuple[str, str], start_us: int, *, broken: bool, depth: int
    ) -> int:
        """The span of a call, and those it causes; ``caller`` is the parent span and its pod."""
        parent, pod = caller
        draw = self._draws.random
        span_id = f"{self._draws.getrandbits(64):016x}"
        slot = len(self._spans)
        reason = failures(edge)[:1] if broken else []
        answers = [target for target, share in edge.targets if share > 0]
        goes_on = bool(answers) and (not reason or reason[0].reason in ("status", "deadline"))
        wait_us = int(edge.link.pool_wait_ms * 1000 * 2 * draw())
        if goes_on:
            node = answers[int(draw() * len(answers))]
            status = bool(reason) and reason[0].reason == "status"
            gap_us = 120 + int(draw() * 300)
            if node.operation.silent:
                spread = self._draws.lognormvariate(-0.1, node.operation.sigma)
                inner_us = int(node.latency_ms * 1000 * spread)
            else:
                inner_us = self.server(
                    node, span_id, start_us + wait_us + gap_us // 2, fails=status, depth=depth + 1
                )
            length_us = wait_us + inner_us + gap_us
        else:
            length_us = int(edge.failure_ms * 1000 * (0.9 + 0.2 * draw()))
        if reason and reason[0].reason == "deadline":
            length_us = int(edge.timeout_ms * 1000)
        link = edge.link
        tags = {"server.address": link.host, "server.port": str(link.port)}
        if link.dependency.protocol in ("postgres", "redis"):
            tags["db.system"] = {"postgres": "postgresql", "redis": "redis"}[
                link.dependency.protocol
            ]
        if reason:
            tags["error.type"] = reason[0].reason
        operation = edge.targets[0][0].operation if edge.targets else None
        self._spans.insert(
            slot,
            Span(
                trace_id=self._trace_id,
                span_id=span_id,
                parent_id=parent,
                service=edge.meter_key[0],
                name=(operation.span if operation else "") or edge.call.op,
                kind="producer" if edge.call.produces else "client",
                start_us=start_us,
                duration_us=length_us,
                error=broken,
                tags=tags,
                pod=pod,
            ),
        )
        return length_us
