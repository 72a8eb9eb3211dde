"""Alertmanager's v2 API: alerts with their silences and inhibitions, groups, silences.

Belongs here: Alertmanager's view and JSON. Does not: why an alert fires (``alerting``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opsrange.telemetry.alerting import Alerts, PostedAlert
from opsrange.telemetry.api.pages import instead_of_a_page
from opsrange.telemetry.api.parameters import BadParameter, Parameters
from opsrange.telemetry.metrics import Matcher
from opsrange.telemetry.regex import Regex, RegexError
from opsrange.telemetry.silences import Silence
from opsrange.types import MINUTE_MS, Json, parse_rfc3339, rfc3339
from opsrange.wire import Request, Response
from opsrange.world import Kernel

VERSION = "0.25.0"
"""The release whose API this is."""
RECEIVER = {"name": "default"}
VALID_FOR_MS = 4 * MINUTE_MS
"""How long Prometheus declares a firing alert valid beyond its last evaluation."""
RESOLVE_TIMEOUT_MS = 5 * MINUTE_MS
"""When an alert posted without an end ends by itself."""

CONFIG = """global:
  resolve_timeout: 5m
route:
  receiver: default
  group_by: [alertname]
  group_wait: 30s
  group_interval: 5m
  repeat_interval: 12h
inhibit_rules:
- source_matchers: [severity="critical"]
  target_matchers: [severity=~"warning|info"]
  equal: [namespace, alertname]
- source_matchers: [severity="warning"]
  target_matchers: [severity="info"]
  equal: [namespace, alertname]
receivers:
- name: default
"""
SILENCES_MAX = 500
"""``--silences.max-silences``; expired ones count."""
MATCHERS_MAX = 32
"""Each may be a compiled expression, which is kept."""
_INHIBITED_BY = {"critical": (), "warning": ("critical",), "info": ("critical", "warning")}
_MATCHER = re.compile(r'\s*([a-zA-Z_][\w:]*)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|[^"]*)\s*')


@dataclass(frozen=True, slots=True)
class _Alert:
    """One alert as Alertmanager holds it."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_ms: int
    ends_ms: int
    updated_ms: int
    generator_url: str


@dataclass(frozen=True, slots=True)
class _Missing:
    """An answer without a body."""

    status: int


class AlertmanagerApi:
    """Handler of ``/api/v2``. Posting and deleting change silences; everything else reads."""

    def __init__(self, kernel: Kernel, alerts: Alerts) -> None:
        self._kernel = kernel
        self._alerts = alerts
        self._started_ms = kernel.now_ms
        self._routes: dict[tuple[str, str], Callable[[Request], Any]] = {
            ("GET", "alerts"): lambda request: self._listing(Parameters(request)),
            ("POST", "alerts"): self._post_alerts,
            ("GET", "alerts/groups"): lambda request: self._groups(Parameters(request)),
            ("GET", "receivers"): lambda _request: [RECEIVER],
            ("GET", "silences"): lambda request: self._silences(Parameters(request)),
            ("POST", "silences"): self._post_silence,
            ("GET", "status"): lambda _request: self._status(),
        }

    def handle(self, request: Request) -> Response:
        """Answer one request at the present instant."""
        path = request.path.rstrip("/")
        if path in ("/-/healthy", "/-/ready"):
            return Response(200, b"OK", "text/plain; charset=utf-8")
        if not path:
            return instead_of_a_page("Alertmanager", "/api/v2/alerts", "/api/v2/silences")
        name = path.removeprefix("/api/v2/")
        if name == path:
            return Response(404, b"404 page not found\n", "text/plain; charset=utf-8")
        route = self._routes.get((request.method, name))
        if route is None and name.startswith("silence/"):
            route = self._one_silence
        if route is None:
            return self._no_route(request, name)
        try:
            answer = route(request)
        except BadParameter as error:
            return Response.json(str(error), 400)
        if isinstance(answer, _Missing):
            return Response(answer.status)
        return Response.json(answer)

    def _no_route(self, request: Request, name: str) -> Response:
        if any(known == name for _, known in self._routes):
            message = f"method {request.method} is not allowed"
            return Response.json({"code": 405, "message": message}, 405)
        return Response.json({"code": 404, "message": f"path {request.path} was not found"}, 404)

    def _held(self) -> list[_Alert]:
        """Every alert that has not ended, rules' first."""
        now_ms = self._kernel.now_ms
        held = [
            _Alert(
                alert.labels,
                alert.annotations,
                alert.fired_ms,
                now_ms + VALID_FOR_MS,
                max(alert.last_held_ms, alert.fired_ms),
                "http://prometheus:9090/graph?g0.expr=ALERTS&g0.tab=1",
            )
            for alert in self._alerts.firing()
        ]
        for posted in self._alerts.posted.values():
            if posted.ends_ms > now_ms:
                held.append(
                    _Alert(
                        posted.labels,
                        posted.annotations,
                        posted.starts_ms,
                        posted.ends_ms,
                        posted.updated_ms,
                        posted.generator_url,
                    )
                )
        return held

    def _documents(self, parameters: Parameters) -> list[Json]:
        matchers = [_matcher(text) for text in parameters.all("filter")]
        show = {
            name: _flag(parameters, name)
            for name in ("active", "silenced", "inhibited", "unprocessed")
        }
        receiver = parameters.one("receiver")
        held = self._held()
        found: list[Json] = []
        for alert in held:
            if not all(m.accepts(alert.labels.get(m.name, "")) for m in matchers):
                continue
            document = self._document(alert, held)
            status = document["status"]
            shown = (
                show["active"] or status["state"] != "active",
                show["silenced"] or not status["silencedBy"],
                show["inhibited"] or not status["inhibitedBy"],
                not receiver or _full_match(receiver, RECEIVER["name"]),
            )
            if all(shown):
                found.append(document)
        return found

    def _listing(self, parameters: Parameters) -> list[Json]:
        return sorted(
            self._documents(parameters), key=lambda document: str(document["fingerprint"])
        )

    def _document(self, alert: _Alert, held: Sequence[_Alert]) -> Json:
        silenced = [silence.id for silence in self._alerts.silences.muting(alert.labels)]
        inhibited = [fingerprint(other.labels) for other in held if _inhibits(other, alert)]
        return {
            "annotations": dict(alert.annotations),
            "endsAt": _stamp(alert.ends_ms),
            "fingerprint": fingerprint(alert.labels),
            "receivers": [RECEIVER],
            "startsAt": _stamp(alert.starts_ms),
            "status": {
                "inhibitedBy": inhibited,
                "silencedBy": silenced,
                "state": "suppressed" if silenced or inhibited else "active",
            },
            "updatedAt": _stamp(alert.updated_ms),
            "generatorURL": alert.generator_url,
            "labels": dict(alert.labels),
        }

    def _groups(self, parameters: Parameters) -> list[Json]:
        groups: dict[str, list[Json]] = {}
        for document in self._listing(parameters):
            groups.setdefault(document["labels"].get("alertname", ""), []).append(document)
        return [
            {"alerts": groups[name], "labels": {"alertname": name}, "receiver": RECEIVER}
            for name in sorted(groups)
        ]

    def _post_alerts(self, request: Request) -> _Missing:
        now_ms = self._kernel.now_ms
        posted: list[PostedAlert] = []
        for alert in _body(request, list):
            labels = alert.get("labels") if isinstance(alert, dict) else None
            if not isinstance(labels, dict) or not labels:
                raise BadParameter("at least one label pair required")
            ends_ms = _instant(alert, "endsAt", now_ms + RESOLVE_TIMEOUT_MS)
            starts_ms = _instant(alert, "startsAt", min(now_ms, ends_ms))
            if ends_ms < starts_ms:
                raise BadParameter("start time must be before end time")
            posted.append(
                PostedAlert(
                    {str(name): str(labels[name]) for name in sorted(labels)},
                    {str(k): str(v) for k, v in _mapping(alert, "annotations").items()},
                    starts_ms,
                    ends_ms,
                    now_ms,
                    str(alert.get("generatorURL", "")),
                )
            )
        for alert in posted:
            self._alerts.post(alert)
        return _Missing(200)

    def _silences(self, parameters: Parameters) -> list[Json]:
        wanted = [_matcher(text) for text in parameters.all("filter")]
        order = {"active": 0, "pending": 1, "expired": 2}
        now_ms = self._kernel.now_ms
        kept = [s for s in self._alerts.silences if all(_covers(s, matcher) for matcher in wanted)]
        kept.sort(key=lambda silence: (order[silence.state(now_ms)], silence.ends_ms))
        return [self._silence(silence) for silence in kept]

    def _silence(self, silence: Silence) -> Json:
        return {
            "id": silence.id,
            "status": {"state": silence.state(self._kernel.now_ms)},
            "updatedAt": _stamp(silence.updated_ms),
            "comment": silence.comment,
            "createdBy": silence.created_by,
            "endsAt": _stamp(silence.ends_ms),
            "matchers": [
                {
                    "isEqual": matcher.op[0] == "=",
                    "isRegex": "~" in matcher.op,
                    "name": matcher.name,
                    "value": matcher.value,
                }
                for matcher in silence.matchers
            ],
            "startsAt": _stamp(silence.starts_ms),
        }

    def _one_silence(self, request: Request) -> Json | _Missing:
        silence_id = request.path.rstrip("/").rpartition("/")[2]
        if request.method == "DELETE":
            return _Missing(200 if self._alerts.silences.expire(silence_id) else 404)
        silence = self._alerts.silences.get(silence_id)
        return _Missing(404) if silence is None else self._silence(silence)

    def _post_silence(self, request: Request) -> Json:
        document = _body(request, dict)
        silence_id = str(document.get("id") or "")
        if silence_id and self._alerts.silences.get(silence_id) is None:
            raise BadParameter("silence not found")
        for name in ("matchers", "startsAt", "endsAt", "createdBy", "comment"):
            if name not in document:
                raise BadParameter(f"{name} in body is required")
        wanted = _list(document, "matchers")
        if len(wanted) > MATCHERS_MAX:
            raise BadParameter(f"invalid silence: more than {MATCHERS_MAX} matchers")
        if len(self._alerts.silences) >= SILENCES_MAX:
            raise BadParameter(f"exceeded maximum number of silences: {SILENCES_MAX}")
        matchers = [_silence_matcher(matcher) for matcher in wanted]
        starts_ms = _instant(document, "startsAt", self._kernel.now_ms)
        ends_ms = _instant(document, "endsAt", 0)
        if not matchers:
            raise BadParameter("invalid silence: at least one matcher required")
        if all(matcher.accepts("") for matcher in matchers):
            raise BadParameter(
                "invalid silence: at least one matcher must not match the empty string"
            )
        if starts_ms >= ends_ms:
            raise BadParameter("Failed to create silence: start time must be before end time")
        if ends_ms <= self._kernel.now_ms:
            raise BadParameter("Failed to create silence: end time can't be in the past")
        kept = self._alerts.silences.put(
            Silence(
                silence_id,
                tuple(matchers),
                starts_ms,
                ends_ms,
                str(document["createdBy"]),
                str(document["comment"]),
                self._kernel.now_ms,
                self._kernel.actor,
            )
        )
        return {"silenceID": kept.id}

    def _status(self) -> Json:
        return {
            "cluster": {"name": "alertmanager", "peers": [], "status": "ready"},
            "config": {"original": CONFIG},
            "uptime": rfc3339(self._started_ms),
            "versionInfo": {
                "branch": "",
                "buildDate": "",
                "buildUser": "",
                "goVersion": "go1.19.8",
                "revision": "",
                "version": VERSION,
            },
        }


def fingerprint(labels: Mapping[str, str]) -> str:
    """Prometheus' label fingerprint: 64-bit FNV-1a over sorted names and values, 255 after each."""
    digest = 0xCBF29CE484222325
    for name in sorted(labels):
        for byte in (*name.encode(), 255, *labels[name].encode(), 255):
            digest = ((digest ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"{digest:016x}"


def _inhibits(source: _Alert, target: _Alert) -> bool:
    severities = _INHIBITED_BY.get(target.labels.get("severity", ""), ())
    return source.labels.get("severity") in severities and all(
        source.labels.get(name, "") == target.labels.get(name, "")
        for name in ("namespace", "alertname")
    )


def _stamp(instant_ms: int) -> str:
    return rfc3339(instant_ms)[:-1] + f".{instant_ms % 1000:03d}Z"


def _flag(parameters: Parameters, name: str) -> bool:
    text = parameters.one(name, "true").lower()
    if text not in ("true", "false", "1", "0"):
        raise BadParameter(f'{name} in query must be of type boolean: "{text}"')
    return text in ("true", "1")


def _full_match(pattern: str, text: str) -> bool:
    try:
        return Regex(pattern).matches(text)
    except RegexError as error:
        raise BadParameter(f"failed to parse receiver param: {error}") from None


def _compiled(name: str, op: str, value: str) -> Matcher:
    try:
        return Matcher.of(name, op, value)
    except RegexError as error:
        raise BadParameter(f"bad matcher format: {name}{op}{value}: {error}") from None


def _matcher(text: str) -> Matcher:
    match = _MATCHER.fullmatch(text)
    if match is None:
        raise BadParameter(f"bad matcher format: {text}")
    value = match[3]
    if value.startswith('"'):
        value = re.sub(r"\\(.)", r"\1", value[1:-1])
    return _compiled(match[1], match[2], value)


def _silence_matcher(document: Any) -> Matcher:
    if not isinstance(document, dict) or not all(
        n in document for n in ("name", "value", "isRegex")
    ):
        raise BadParameter("matchers in body: name, value and isRegex are required")
    equal, regex = bool(document.get("isEqual", True)), bool(document["isRegex"])
    op = ("=" if equal else "!") + ("~" if regex else "=")
    return _compiled(str(document["name"]), "=" if op == "==" else op, str(document["value"]))


def _covers(silence: Silence, wanted: Matcher) -> bool:
    return any(m.name == wanted.name and wanted.accepts(m.value) for m in silence.matchers)


def _body(request: Request, shape: type) -> Any:
    try:
        document = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise BadParameter(f'parsing body body from "" failed, because {error}') from None
    if not isinstance(document, shape):
        raise BadParameter("parsing body body failed, because it has another shape")
    return document


def _mapping(document: Json, name: str) -> Json:
    value = document.get(name) or {}
    if not isinstance(value, dict):
        raise BadParameter(f"{name} in body must be of type object")
    return value


def _list(document: Json, name: str) -> list[Any]:
    value = document.get(name) or []
    if not isinstance(value, list):
        raise BadParameter(f"{name} in body must be of type array")
    return value


def _instant(document: Json, name: str, default_ms: int) -> int:
    text = document.get(name)
    if not text:
        return default_ms
    try:
        instant_ms = parse_rfc3339(str(text))
    except ValueError:
        raise BadParameter(f"{name} in body must be of type date-time: {str(text)!r}") from None
    return instant_ms if instant_ms > 0 else default_ms  # Go writes an unset time as the year 1
