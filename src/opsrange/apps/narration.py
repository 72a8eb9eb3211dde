"""What processes write: lines in the voice of the language they are written in."""

from __future__ import annotations

import json
import random
from typing import Any

from opsrange.apps.definition import Definition, Operation, read
from opsrange.apps.flow import STEP_S, failures
from opsrange.apps.ports import Instance, Sink
from opsrange.apps.topology import Cohort, Edge, Node, Topology
from opsrange.types import rfc3339

_HEALTHY_PER_STEP = 0.3
"""Mean lines of ordinary business per service and step: three or four a minute."""
_ERROR_LINES_MAX = 3
"""Error lines per edge and step: a log is a sample when everything fails."""
_PRODUCTS = ("OLJCESPC7Z", "66VCHSJNUP", "1YMWWN1N4O", "L9ECAV7KIM", "2ZYFJ3GM2N", "0PUK6V6EV0")
_CATEGORIES = ("telescopes", "binoculars", "accessories", "travel", "books", "flashlights")
_NAMES = ("reed", "larry", "moore", "ivy", "tobias", "jack", "leonie", "mark", "sofia", "bill")


class Narrator:
    """Writes the application's logs.

    Args:
        definition: says which language each service is written in.
        sink: where lines go.
        draws: chooses what is said, when, by which instance.
    """

    def __init__(self, definition: Definition, sink: Sink, draws: random.Random) -> None:
        self._definition = definition
        self._sink = sink
        self._draws = draws
        self._voices: dict[str, Any] = read("voices")

    def narrate(self, topology: Topology, now_ms: int) -> None:
        """Write the lines of a step."""
        lines: list[tuple[int, int, Instance, str]] = []
        draw = self._draws.random
        for cohort in topology.cohorts:
            if draw() < _HEALTHY_PER_STEP:
                self._ordinary(cohort, now_ms, lines)
        for node in topology.nodes:
            if node.rate <= 0.0:
                continue
            own = node.rate * STEP_S * node.own_error
            if not node.operation.silent and own > 0.0:
                for _ in range(min(_ERROR_LINES_MAX, int(own + draw()))):
                    self._say(node.cohort, node.own_message, "error", now_ms, lines, node)
            for edge in node.edges:
                if edge.error > 0.0:
                    failed = edge.rate * STEP_S * edge.error
                    for _ in range(min(_ERROR_LINES_MAX, int(failed + draw()))):
                        self._complain(node, edge, now_ms, lines)
        lines.sort(key=lambda line: (-line[0], line[1]))
        for offset_ms, _, instance, text in lines:
            self._sink.log(instance, text, offset_ms=offset_ms)

    def started(self, instance: Instance, port: int, now_ms: int) -> None:
        """The line a process writes when it begins to listen."""
        text = self._voice(instance, "started").format(
            port=port, service=instance.workload, stamp=rfc3339(now_ms)
        )
        self._sink.log(instance, self._line(instance, text, "info", now_ms))

    def last_words(self, instance: Instance, message: str, now_ms: int) -> str:
        """Write why a process cannot start; returns what was written."""
        if message.startswith("missing:"):
            name = message.removeprefix("missing:")
            module = instance.workload.replace("-", "_")
            message = self._voice(instance, "missing").format(
                name=name, service=instance.workload, module=module
            )
        for line in message.splitlines():
            self._sink.log(instance, line)
        return message

    def _ordinary(
        self, cohort: Cohort, now_ms: int, lines: list[tuple[int, int, Instance, str]]
    ) -> None:
        nodes = [node for node in cohort.nodes.values() if node.rate > 0.01 and node.error < 0.9]
        if not nodes:
            return
        node = nodes[int(self._draws.random() * len(nodes))]
        said = node.operation.lines
        if said:
            text = said[int(self._draws.random() * len(said))]
        elif node.operation.silent:
            return
        else:
            text = self._voice(cohort.instances[0], "served")
        self._say(cohort, text, "info", now_ms, lines, node)

    def _say(
        self,
        cohort: Cohort,
        text: str,
        level: str,
        now_ms: int,
        lines: list[tuple[int, int, Instance, str]],
        node: Node,
    ) -> None:
        draw = self._draws.random
        instance = cohort.instances[int(draw() * len(cohort.instances))]
        offset_ms = int(draw() * STEP_S * 1000)
        instant_ms = now_ms - offset_ms
        if "{" in text and level == "info":
            text = text.format_map(self._words(node, instant_ms))
        line = self._line(instance, text, level, instant_ms)
        lines.append((offset_ms, len(lines), instance, line))

    def _complain(
        self,
        node: Node,
        edge: Edge,
        now_ms: int,
        lines: list[tuple[int, int, Instance, str]],
    ) -> None:
        reasons = failures(edge)
        if not reasons:
            return
        pick = self._draws.random() * sum(reason.probability for reason in reasons)
        for reason in reasons:
            pick -= reason.probability
            if pick <= 0:
                break
        link = edge.link
        ip, _, _ = link.address.partition(":")
        words = self._words(node, now_ms)
        words.update(
            host=link.host,
            port=str(link.port),
            address=link.address,
            ip=ip,
            callee=link.name,
            service=_grpc_service(edge),
            path="/" + edge.call.op.partition("/")[2],
            cause=cause_of(edge),
            size=str(link.pool_size),
            used=str(round(max(link.pool_used, 1))),
            seconds=f"{(link.pool_timeout_ms if reason.reason == 'pool' else edge.timeout_ms) / 1000:g}",
        )
        template = self._error(
            node.cohort.service.language, link.dependency.protocol, reason.reason
        )
        self._say(node.cohort, template.format_map(words), "error", now_ms, lines, node)

    def _words(self, node: Node, instant_ms: int) -> dict[str, str]:
        draw = self._draws.random
        name = _NAMES[int(draw() * len(_NAMES))]
        operation = node.operation
        return {
            "op": operation.span or node.name,
            "status": "OK",
            "ms": str(max(1, int(node.latency_ms * (0.6 + draw())))),
            "product": _PRODUCTS[int(draw() * len(_PRODUCTS))],
            "category": _CATEGORIES[int(draw() * len(_CATEGORIES))],
            "user": f"{int(draw() * 2**32):08x}-{int(draw() * 65536):04x}-11f0-9c1e-{int(draw() * 2**48):012x}",
            "uuid": f"{int(draw() * 2**32):08x}-{int(draw() * 65536):04x}-4{int(draw() * 4096):03x}-a1b2-{int(draw() * 2**48):012x}",
            "email": f"{name}@example.com",
            "price": f"{8.99 * (1 + int(draw() * 20)):.2f}",
            "quantity": str(1 + int(draw() * 10)),
            "number": str(int(900 + draw() * 90_000)),
            "stamp": _stamp(instant_ms, ""),
            "clf": rfc3339(instant_ms),
            "ms_now": str(instant_ms),
        }

    def _line(self, instance: Instance, text: str, level: str, instant_ms: int) -> str:
        template = self._voice(instance, "line")
        if template == "{text}":
            return text
        draw = self._draws.random
        language = self._language(instance)
        levels = self._voices[language].get("levels") or self._voices["default"]["levels"]
        module = instance.workload.replace("-", "_")
        line: str = template.format(
            stamp=_stamp(instant_ms, self._voices[language].get("stamp", "")),
            level=levels[level],
            text=text,
            quoted=json.dumps(text) if "{quoted}" in template else "",
            service=instance.workload,
            pod=instance.pod,
            module=module,
            lineno=40 + len(text) % 120,
            ms_now=instant_ms,
            trace_id=f"{int(draw() * 2**64):016x}{int(draw() * 2**64):016x}",
            span_id=f"{int(draw() * 2**64):016x}",
        )
        return line

    def _language(self, instance: Instance) -> str:
        return self._definition.services[instance.workload].language

    def _voice(self, instance: Instance, part: str) -> str:
        language = self._language(instance)
        text: str = self._voices.get(language, {}).get(part) or self._voices["default"][part]
        return text

    def _error(self, language: str, protocol: str, reason: str) -> str:
        for voice in (language, "default"):
            text: str = (
                self._voices.get(voice, {}).get("errors", {}).get(protocol, {}).get(reason, "")
            )
            if text:
                return text
        return f"{protocol} call failed: {reason}"


def cause_of(edge: Edge) -> str:
    """What the likeliest failing callee answers, in a few words."""
    for node, _ in sorted(edge.targets, key=lambda target: -target[0].error)[:1]:
        verbs = [each for each in node.edges if each.error > 0.0 and not each.call.optional]
        if node.own_error < max((each.error for each in verbs), default=0.0):
            deepest = max(verbs, key=lambda each: each.error)
            return f"failed to call {deepest.link.name}: {deepest.call.op}"
        return node.own_message
    return "unavailable"


def _grpc_service(edge: Edge) -> str:
    operation: Operation | None = edge.targets[0][0].operation if edge.targets else None
    span = operation.span if operation else ""
    return span.rpartition("/")[0].removeprefix("POST /") or f"oteldemo.{edge.link.name}"


def _stamp(instant_ms: int, style: str) -> str:
    text = rfc3339(instant_ms)
    millis = f"{instant_ms % 1000:03d}"
    if style == "comma":
        return f"{text[:10]} {text[11:19]},{millis}"
    if style == "space":
        return f"{text[:10]} {text[11:19]}.{millis}"
    return f"{text[:19]}.{millis}Z"
