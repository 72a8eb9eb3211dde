"""Jaeger's query API: services, operations, traces, dependencies.

Belongs here: Jaeger's parameters and JSON. Does not: the store (``traces``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from opsrange.telemetry.api.pages import instead_of_a_page
from opsrange.telemetry.api.parameters import BadParameter, Parameters
from opsrange.telemetry.traces import TraceQuery, TraceStore, span_tags
from opsrange.types import HOUR_MS, Json, Span
from opsrange.wire import Request, Response
from opsrange.world import Kernel

TRACES_MAX = 1_500
_DURATION_US = {"h": 3_600_000_000, "m": 60_000_000, "s": 1_000_000, "ms": 1_000, "us": 1, "µs": 1}


class JaegerApi:
    """Handler of ``/api``, with or without the base path ``/jaeger/ui``. Reads only."""

    def __init__(self, kernel: Kernel, traces: TraceStore) -> None:
        self._kernel = kernel
        self._traces = traces
        self._routes: dict[str, Callable[[Parameters], list[Any]]] = {
            "dependencies": self._dependencies,
            "operations": self._operations,
            "services": lambda _parameters: traces.services(),
            "traces": self._search,
        }

    def handle(self, request: Request) -> Response:
        """Answer one request at the present instant."""
        path = request.path.removeprefix("/jaeger/ui").rstrip("/")
        if path in ("", "/search"):
            return instead_of_a_page("Jaeger", "/api/services", "/api/dependencies")
        if not path.startswith("/api/"):
            return Response(404, b"404 page not found\n", "text/plain; charset=utf-8")
        if request.method != "GET":
            return Response(405)
        try:
            return self._answer(path.removeprefix("/api/"), Parameters(request))
        except BadParameter as error:
            return _envelope(None, [{"code": 400, "msg": str(error)}], 400)

    def _answer(self, name: str, parameters: Parameters) -> Response:
        parts = name.split("/")
        if name in self._routes:
            return _envelope(self._routes[name](parameters))
        if len(parts) == 3 and parts[0] == "services" and parts[2] == "operations":
            names = [operation for operation, _ in self._traces.operations(parts[1])]
            return _envelope(list(dict.fromkeys(names)))
        if len(parts) == 2 and parts[0] == "traces":
            return self._trace(parts[1])
        return Response(404, b"404 page not found\n", "text/plain; charset=utf-8")

    def _trace(self, trace_id: str) -> Response:
        if len(trace_id) > 32 or any(c not in "0123456789abcdefABCDEF" for c in trace_id):
            raise BadParameter(f'strconv.ParseUint: parsing "{trace_id}": invalid syntax')
        spans = self._traces.get(trace_id)
        if not spans:
            return _envelope(None, [{"code": 404, "msg": "trace not found"}], 404)
        return _envelope([_document(spans)])

    def _operations(self, parameters: Parameters) -> list[Json]:
        service = parameters.one("service")
        if not service:
            raise BadParameter("parameter 'service' is required")
        kind = parameters.one("spanKind")
        return [
            {"name": name, "spanKind": span_kind}
            for name, span_kind in self._traces.operations(service)
            if kind in ("", span_kind)
        ]

    def _search(self, parameters: Parameters) -> list[Json]:
        ids = parameters.all("traceID")
        if ids:
            return [_document(spans) for spans in map(self._traces.get, ids) if spans]
        service = parameters.one("service")
        if not service:
            raise BadParameter("parameter 'service' is required")
        now_us = self._kernel.now_ms * 1000
        lookback = parameters.one("lookback")
        back_us = HOUR_MS * 1000
        if lookback and lookback != "custom":
            back_us = _duration_us("lookback", lookback)
        query = TraceQuery(
            service,
            operation=parameters.one("operation"),
            tags=_tags(parameters),
            start_us=parameters.whole("start", now_us - back_us),
            end_us=parameters.whole("end", now_us),
            duration_us_min=_duration_us("minDuration", parameters.one("minDuration") or "0s"),
            duration_us_max=_duration_us("maxDuration", parameters.one("maxDuration") or "9999h"),
            limit=parameters.whole("limit", 20),
        )
        if not 0 < query.limit <= TRACES_MAX:
            raise BadParameter(f"search_depth must be greater than 0 and less than {TRACES_MAX}")
        if query.duration_us_max < query.duration_us_min:
            raise BadParameter("'maxDuration' should be greater than 'minDuration'")
        return [_document(spans) for spans in self._traces.find(query)]

    def _dependencies(self, parameters: Parameters) -> list[Json]:
        end_ms = parameters.whole("endTs", self._kernel.now_ms)
        lookback_ms = parameters.whole("lookback", 24 * HOUR_MS)
        calls = self._traces.dependencies((end_ms - lookback_ms) * 1000, end_ms * 1000)
        return [
            {"parent": parent, "child": child, "callCount": count}
            for (parent, child), count in calls.items()
        ]


def _envelope(
    data: list[Any] | None, errors: list[Json] | None = None, status: int = 200
) -> Response:
    total = len(data) if data else 0
    return Response.json(
        {"data": data, "total": total, "limit": 0, "offset": 0, "errors": errors}, status
    )


def _duration_us(name: str, text: str) -> int:
    parts = re.findall(r"(\d{1,12}(?:\.\d{1,9})?)(ms|us|µs|h|m|s)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise BadParameter(f"unable to parse param '{name}': time: invalid duration \"{text}\"")
    return round(sum(float(number) * _DURATION_US[unit] for number, unit in parts))


def _tags(parameters: Parameters) -> dict[str, str]:
    """From ``tags`` (a JSON object) and ``tag`` (``key:value``)."""
    found: dict[str, str] = {}
    for text in parameters.all("tag"):
        key, colon, value = text.partition(":")
        if not colon:
            raise BadParameter(f"malformed 'tag' parameter, expecting key:value, received: {text}")
        found[key] = value
    for text in parameters.all("tags"):
        try:
            tags = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise BadParameter(
                f"malformed 'tags' parameter, cannot unmarshal JSON: {error}"
            ) from None
        if not isinstance(tags, dict) or not all(isinstance(v, str) for v in tags.values()):
            raise BadParameter("malformed 'tags' parameter, expecting a JSON object of strings")
        found |= tags
    return found


def _tag(key: str, value: str) -> Json:
    if key == "error" and value in ("true", "false"):
        return {"key": key, "type": "bool", "value": value == "true"}
    if key.endswith(("status_code", ".port")) and value.isdecimal():
        return {"key": key, "type": "int64", "value": int(value)}
    return {"key": key, "type": "string", "value": value}


def _document(spans: Sequence[Span]) -> Json:
    processes: dict[tuple[str, str], str] = {}
    documents: list[Json] = []
    for span in spans:
        process = processes.setdefault((span.service, span.pod), f"p{len(processes) + 1}")
        references = []
        if span.parent_id:
            parent = {"refType": "CHILD_OF", "traceID": span.trace_id, "spanID": span.parent_id}
            references.append(parent)
        documents.append(
            {
                "traceID": span.trace_id,
                "spanID": span.span_id,
                "operationName": span.name,
                "references": references,
                "startTime": span.start_us,
                "duration": span.duration_us,
                "tags": [_tag(key, value) for key, value in span_tags(span).items()],
                "logs": [],
                "processID": process,
                "warnings": None,
            }
        )
    return {
        "traceID": spans[0].trace_id,
        "spans": documents,
        "processes": {
            name: {
                "serviceName": service,
                "tags": [_tag("k8s.pod.name", pod)] if pod else [],
            }
            for (service, pod), name in processes.items()
        },
        "warnings": None,
    }
