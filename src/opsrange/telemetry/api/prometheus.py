"""Prometheus' HTTP API: queries, series, labels, and the envelopes around them. Rules and status are next door."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from opsrange.telemetry.alerting import Alerts
from opsrange.telemetry.api.pages import instead_of_a_page
from opsrange.telemetry.api.parameters import REQUIRED, BadParameter, Parameters
from opsrange.telemetry.api.prometheus_status import StatusPages
from opsrange.telemetry.metrics import NAME, Labels, MetricStore
from opsrange.telemetry.promql import Engine, Matrix, PromqlError, Vector, number_text
from opsrange.telemetry.promql.plan import QUERY_CHARS_MAX, compile_query, parse
from opsrange.telemetry.promql.selectors import Selector
from opsrange.telemetry.promql.values import Value
from opsrange.types import Json
from opsrange.wire import Request, Response
from opsrange.world import Kernel

POINTS_MAX = 11_000
STATUS = {"bad_data": 400, "execution": 422, "not_found": 404, "internal": 500}


_PAGES = ("/graph", "/query", "/alerts", "/rules", "/targets", "/config", "/flags", "/status")


class PrometheusApi:
    """Handler of ``/api/v1``. Reads only."""

    def __init__(self, kernel: Kernel, store: MetricStore, alerts: Alerts) -> None:
        self._kernel = kernel
        self._store = store
        self._engine = Engine(store, plans=0)
        pages = StatusPages(kernel, store, alerts)
        self._routes: dict[str, Callable[[Parameters], Any]] = {
            "query": self._query,
            "query_range": self._query_range,
            "series": self._series,
            "labels": self._labels,
            "format_query": lambda parameters: str(parse(parameters.one("query"))),
            "query_exemplars": lambda _parameters: [],
            **pages.routes,
        }

    def handle(self, request: Request) -> Response:
        """Answer one request at the present instant."""
        path = request.path.rstrip("/") or "/"
        if path in ("/-/healthy", "/-/ready"):
            word = path.rpartition("/")[2].capitalize()
            return _text(f"Prometheus Server is {word}.\n")
        if path in ("/", *_PAGES):
            return instead_of_a_page("Prometheus", "/api/v1/query?query=up", "/api/v1/alerts")
        if not path.startswith("/api/v1/"):
            return _text("404 page not found\n", 404)
        name = path.removeprefix("/api/v1/")
        route = self._route(name)
        if route is None:
            return _text("404 page not found\n", 404)
        allowed = (
            ("GET", "POST") if name in ("query", "query_range", "series", "labels") else ("GET",)
        )
        if request.method not in allowed:
            return _text("Method Not Allowed\n", 405)
        try:
            return Response.json({"status": "success", "data": route(Parameters(request))})
        except BadParameter as error:
            return _failure("bad_data", str(error))
        except PromqlError as error:
            return _failure(error.kind, error.message)
        except RecursionError:
            return _failure("execution", "query is nested too deeply")

    def _route(self, name: str) -> Callable[[Parameters], Any] | None:
        parts = name.split("/")
        if len(parts) == 3 and parts[0] == "label" and parts[2] == "values":
            return lambda parameters: self._label_values(parts[1], parameters)
        return self._routes.get(name)

    def _query(self, parameters: Parameters) -> Json:
        now_ms = parameters.instant_ms("time", self._kernel.now_ms)
        parameters.duration_ms("timeout", 120_000)
        try:
            value = self._engine.instant(parameters.one("query"), now_ms)
        except PromqlError as error:
            raise _about_query(error) from None
        return _document(value, now_ms)

    def _query_range(self, parameters: Parameters) -> Json:
        for name in ("start", "end", "step"):
            if not parameters.one(name):
                what = "duration" if name == "step" else "timestamp"
                raise BadParameter(f'invalid parameter "{name}": cannot parse "" to a valid {what}')
        start_ms, end_ms = (
            parameters.instant_ms("start", REQUIRED),
            parameters.instant_ms("end", REQUIRED),
        )
        step_ms = parameters.duration_ms("step", 0)
        if end_ms < start_ms:
            raise BadParameter(
                'invalid parameter "end": end timestamp must not be before start time'
            )
        if step_ms <= 0:
            raise BadParameter(
                'invalid parameter "step": zero or negative query resolution step widths are not accepted. '
                "Try a positive integer"
            )
        if (end_ms - start_ms) // step_ms > POINTS_MAX:
            raise BadParameter(
                "exceeded maximum resolution of 11,000 points per timeseries. "
                "Try decreasing the query resolution (?step=XX)"
            )
        try:
            matrix = self._engine.range(parameters.one("query"), start_ms, end_ms, step_ms)
        except PromqlError as error:
            raise _about_query(error) from None
        return _document(matrix, end_ms)

    def _matching(self, parameters: Parameters, *, required: bool) -> list[Labels]:
        """The series any ``match[]`` selects that have a sample between ``start`` and ``end``."""
        texts = parameters.all("match[]")
        if not texts and required:
            raise BadParameter("no match[] parameter provided")
        if sum(map(len, texts)) > QUERY_CHARS_MAX:
            raise BadParameter('invalid parameter "match[]": too long in all')
        start_ms = parameters.instant_ms("start", 0)
        end_ms = parameters.instant_ms("end", self._kernel.now_ms)
        rows = self._store.span(start_ms, end_ms)
        columns: dict[int, None] = {} if texts else dict.fromkeys(range(len(self._store.series)))
        for text in texts:
            try:
                plan = compile_query(text)
            except PromqlError as error:
                message = f'invalid parameter "match[]": {error.message}'
                raise PromqlError("bad_data", message) from None
            if not isinstance(plan, Selector):
                raise BadParameter(f'invalid parameter "match[]": not a vector selector: {text}')
            columns |= dict.fromkeys(plan.selection(self._store).columns)
        return sorted(
            self._store.series[column] for column in columns if self._store.present(column, rows)
        )

    def _series(self, parameters: Parameters) -> list[dict[str, str]]:
        return [_metric(labels) for labels in self._matching(parameters, required=True)]

    def _labels(self, parameters: Parameters) -> list[str]:
        found = self._matching(parameters, required=False)
        return sorted({name for labels in found for name, _ in labels})

    def _label_values(self, label: str, parameters: Parameters) -> list[str]:
        if not label.isascii() or not label.isidentifier():
            raise BadParameter(f'invalid label name: "{label}"')
        found = self._matching(parameters, required=False)
        return sorted({value for labels in found for name, value in labels if name == label})


def _about_query(error: PromqlError) -> PromqlError:
    if error.kind == "bad_data" and "parse error" in error.message:
        return PromqlError("bad_data", f'invalid parameter "query": {error.message}')
    return error


def _failure(kind: str, message: str) -> Response:
    document = {"status": "error", "errorType": kind, "error": message}
    return Response.json(document, STATUS.get(kind, 500))


def _text(text: str, status: int = 200) -> Response:
    return Response(status, text.encode(), "text/plain; charset=utf-8")


def _metric(labels: Labels) -> dict[str, str]:
    return dict(sorted(labels, key=lambda pair: (pair[0] != NAME, pair[0])))


def _seconds(instant_ms: int) -> float | int:
    return instant_ms // 1000 if instant_ms % 1000 == 0 else instant_ms / 1000


def _points(times: Sequence[int], values: Sequence[float]) -> list[list[Any]]:
    return [[_seconds(t), number_text(v)] for t, v in zip(times, values, strict=True)]


def _document(value: Value | Matrix, now_ms: int) -> Json:
    if isinstance(value, Matrix):
        result: Any = [
            {"metric": _metric(labels), "values": _points(window.times, window.values)}
            for labels, window in zip(value.labels, value.windows, strict=True)
        ]
        return {"resultType": "matrix", "result": result}
    if isinstance(value, Vector):
        at = _seconds(now_ms)
        result = [
            {"metric": _metric(labels), "value": [at, number_text(number)]}
            for labels, number in value
        ]
        return {"resultType": "vector", "result": result}
    if isinstance(value, str):
        return {"resultType": "string", "result": [_seconds(now_ms), value]}
    return {"resultType": "scalar", "result": [_seconds(now_ms), number_text(value)]}
