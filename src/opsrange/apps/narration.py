"""What processes write: lines in the voice of the language they are written in."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from functools import lru_cache
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
        self._lines: list[tuple[int, int, Instance, str]] = []

    def narrate(self, topology: Topology, now_ms: int) -> None:
        """Write the lines of a step."""
        lines = self._lines = []
        draw = self._draws.random
        for cohort in topology.cohorts:
            if draw() < _HEALTHY_PER_STEP:
                self._ordinary(cohort, now_ms)
        for node in topology.nodes:
            if node.rate <= 0.0:
                continue
            own = node.rate * STEP_S * node.own_error + draw()
            if own >= 1.0 and not node.operation.silent:
                for _ in range(min(_ERROR_LINES_MAX, int(own))):
                    self._say(node, "{cause}", "error", now_ms, {"cause": node.own_message})
            for edge in node.edges:
                failed = edge.rate * STEP_S * edge.error + draw()
                if failed >= 1.0:
                    for _ in range(min(_ERROR_LINES_MAX, int(failed))):
                        self._complain(node, edge, now_ms)
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

    def _ordinary(self, cohort: Cohort, now_ms: int) -> None:
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
        self._say(node, text, "info", now_ms, {})

    def _say(
        self, node: Node, text: str, level: str, now_ms: int, known: Mapping[str, str]
    ) -> None:
        """Queue a line of some instance at some instant of the step; ``text`` is a template."""
        draw = self._draws.random
        cohort = node.cohort
        index = int(draw() * len(cohort.instances))
        instance = cohort.instances[index]
        alive_ms = max(0, now_ms - cohort.processes[index].listening_ms)
        offset_ms = min(alive_ms, int(draw() * STEP_S * 1000))
        instant_ms = now_ms - offset_ms
        if "{" in text:
            words = _Words(self._draws, node, instant_ms)
            words.update(known)
            text = text.format_map(words)
        line = self._line(instance, text, level, instant_ms)
        self._lines.append((offset_ms, len(self._lines), instance, line))

    def _complain(self, node: Node, edge: Edge, now_ms: int) -> None:
        """Say that a call failed, for one of the reasons why it does."""
        reasons = failures(edge)
        if not reasons:
            return
        weights = [reason.probability for reason in reasons]
        reason = self._draws.choices(reasons, weights)[0].reason
        link = edge.link
        waited_ms = link.pool_timeout_ms if reason == "pool" else edge.timeout_ms
        known = {
            "host": link.host,
            "port": str(link.port),
            "address": link.address,
            "ip": link.address.partition(":")[0],
            "callee": link.name,
            "service": _grpc_service(edge),
            "path": "/" + edge.call.op.partition("/")[2],
            "cause": cause_of(edge),
            "size": str(link.pool_size),
            "used": str(round(max(link.pool_used, 1))),
            "seconds": f"{waited_ms / 1000:g}",
        }
        protocol = link.dependency.protocol
        template = self._error(node.cohort.service.language, protocol, reason)
        self._say(node, template, "error", now_ms, known)

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
    text = _second(instant_ms // 1000)
    millis = f"{instant_ms % 1000:03d}"
    if style == "comma":
        return f"{text[:10]} {text[11:19]},{millis}"
    if style == "space":
        return f"{text[:10]} {text[11:19]}.{millis}"
    return f"{text[:19]}.{millis}Z"


@lru_cache(maxsize=64)
def _second(instant_s: int) -> str:
    return rfc3339(instant_s * 1000)


class _Words(dict[str, str]):
    """Words for templates, drawn when a template asks for them."""

    def __init__(self, draws: random.Random, node: Node, instant_ms: int) -> None:
        super().__init__()
        self._draws = draws
        self._node = node
        self._instant_ms = instant_ms

    def __missing__(self, key: str) -> str:
        draws = self._draws
        node = self._node
        match key:
            case "op":
                return node.operation.span or node.name
            case "status":
                return "OK"
            case "ms":
                return str(max(1, int(node.latency_ms * (0.6 + draws.random()))))
            case "product":
                return draws.choice(_PRODUCTS)
            case "category":
                return draws.choice(_CATEGORIES)
            case "user" | "uuid":
                digits = f"{draws.getrandbits(128):032x}"
                version = "1" if key == "user" else "4"
                return f"{digits[:8]}-{digits[8:12]}-{version}{digits[13:16]}-9{digits[17:20]}-{digits[20:]}"
            case "email":
                return f"{draws.choice(_NAMES)}@example.com"
            case "price":
                return f"{8.99 * (1 + int(draws.random() * 20)):.2f}"
            case "quantity":
                return str(1 + int(draws.random() * 10))
            case "number":
                return str(int(node.rate * (self._instant_ms // 1000 % 86_400)))
            case "stamp" | "clf":
                return _stamp(self._instant_ms, "")
            case "ms_now":
                return str(self._instant_ms)
        raise KeyError(key)
