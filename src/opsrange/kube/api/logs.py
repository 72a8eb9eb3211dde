"""Container logs: ``GET …/pods/{name}/log``.

Belongs here: which instance of a container, which lines, following. Does not: where lines come from (``LogSource``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from opsrange.kube.api.routes import flag
from opsrange.kube.runtime import LogSource
from opsrange.kube.status_errors import ApiError, bad_request
from opsrange.types import Json, LogLine, parse_rfc3339
from opsrange.wire import Request, Response, Stream

_PLAIN = "text/plain"
_STATUS_LISTS = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")


@dataclass(frozen=True, slots=True)
class _Instance:
    """One run of one container."""

    pod_uid: str
    container: str
    restart: int


@dataclass(frozen=True, slots=True)
class _Cut:
    """Which lines, and how they look."""

    since_ms: int
    tail: int | None
    limit_bytes: int | None
    timestamps: bool

    def text(self, lines: Iterable[LogLine]) -> bytes:
        """The lines as bytes."""
        chosen = [line for line in lines if line.instant_ms >= self.since_ms]
        if self.tail is not None:
            chosen = chosen[len(chosen) - min(self.tail, len(chosen)) :]
        body = b"".join(self.line(one) for one in chosen)
        return body if self.limit_bytes is None else body[: self.limit_bytes]

    def line(self, line: LogLine) -> bytes:
        """One line as bytes."""
        text = line.text.encode("utf-8", "replace") + b"\n"
        return f"{_nano(line.instant_ms)} ".encode() + text if self.timestamps else text


def _nano(instant_ms: int) -> str:
    """RFC 3339 with nine decimals, as the kubelet writes it."""
    seconds, millis = divmod(instant_ms, 1_000)
    whole = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}.{millis:03d}000000Z"


def read_log(
    pod: Json, request: Request, source: LogSource, now_ms: int, current: Callable[[], Json | None]
) -> Response | Stream:
    """Answer a request for a container's log.

    Args:
        pod: the pod as it is.
        request: its query says which container and which lines.
        source: keeps the lines.
        now_ms: the present instant.
        current: the pod at the time of the call, ``None`` when it is gone; for following.

    Raises:
        ApiError: 400 when there is no such container, or it has not started.
    """
    cut = _cut(request, now_ms)
    instance = _instance(pod, _container(pod, request.one("container")), flag(request, "previous"))
    lines = source.lines(instance.pod_uid, instance.container, instance.restart)
    body = cut.text(lines)
    if not flag(request, "follow") or flag(request, "previous"):
        return Response(200, body, _PLAIN)
    return _Following(source, instance, cut, (body, len(lines)), current)


def _cut(request: Request, now_ms: int) -> _Cut:
    since_ms = 0
    if "sinceSeconds" in request.query and "sinceTime" in request.query:
        raise bad_request("at most one of `sinceTime` or `sinceSeconds` may be specified")
    if seconds := _number(request.query, "sinceSeconds", 1):
        since_ms = now_ms - seconds * 1_000
    if moment := request.one("sinceTime"):
        try:
            since_ms = parse_rfc3339(moment)
        except (ValueError, OverflowError) as error:
            raise bad_request(
                f'parsing time "{moment}" as "2006-01-02T15:04:05Z07:00": cannot parse'
            ) from error
    return _Cut(
        since_ms,
        _number(request.query, "tailLines", 0),
        _number(request.query, "limitBytes", 1),
        flag(request, "timestamps"),
    )


def _number(query: Mapping[str, list[str]], name: str, least: int) -> int | None:
    values = query.get(name)
    if not values or not values[0]:
        return None
    text = values[0]
    if not text.removeprefix("-").isdecimal() or not text.isascii() or len(text) > 18:
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    number = int(text)
    if number < least:
        bound = "greater than 0" if least else "greater than or equal to 0"
        raise ApiError(
            422,
            "Invalid",
            f'PodLogOptions "" is invalid: {name}: Invalid value: {number}: must be {bound}',
        )
    return number


def _named(pod: Json) -> list[str]:
    spec = pod.get("spec") or {}
    return [container["name"] for container in spec.get("containers", ())]


def _container(pod: Json, asked: str) -> str:
    spec, name = pod.get("spec") or {}, pod["metadata"]["name"]
    regular = _named(pod)
    initial = [container["name"] for container in spec.get("initContainers", ())]
    debugging = [container["name"] for container in spec.get("ephemeralContainers", ())]
    if asked:
        if asked in regular + initial + debugging:
            return asked
        raise bad_request(f"container {asked} is not valid for pod {name}")
    if len(regular) == 1 and not initial:
        return str(regular[0])
    choices = f"choose one of: [{' '.join(regular)}]"
    if initial:
        choices += f" or one of the init containers: [{' '.join(initial)}]"
    raise bad_request(f"a container name must be specified for pod {name}, {choices}")


def _instance(pod: Json, container: str, previous: bool) -> _Instance:
    """The run of a container whose log is meant.

    The restart count is the number of the newest run. While a container waits to be restarted, that run is the
    terminated one, and both its log and its previous log are that run's.
    """
    name, status = pod["metadata"]["name"], pod.get("status") or {}
    found: Json = {}
    for part in _STATUS_LISTS:
        for one in status.get(part) or ():
            if one.get("name") == container:
                found = one
    state, last = found.get("state") or {}, found.get("lastState") or {}
    uid, restart = pod["metadata"]["uid"], found.get("restartCount", 0)
    if previous:
        if "terminated" not in last:
            raise bad_request(
                f'previous terminated container "{container}" in pod "{name}" not found'
            )
        waiting = "running" not in state and "terminated" not in state
        return _Instance(uid, container, restart if waiting else max(0, restart - 1))
    if "running" in state or "terminated" in state or "terminated" in last:
        return _Instance(uid, container, restart)
    if not found and not (pod.get("spec") or {}).get("nodeName"):
        raise bad_request(f"pod {name} does not have a host assigned")
    reason = (state.get("waiting") or {}).get("reason", "")
    reason = {
        "ErrImagePull": "image can't be pulled",
        "ImagePullBackOff": "trying and failing to pull image",
    }.get(reason, reason or "ContainerCreating")
    raise bad_request(f'container "{container}" in pod "{name}" is waiting to start: {reason}')


class _Following:
    """A log that grows until its container ends."""

    status = 200
    content_type = _PLAIN
    deadline_ms: int | None = None

    def __init__(
        self,
        source: LogSource,
        instance: _Instance,
        cut: _Cut,
        shown: tuple[bytes, int],
        current: Callable[[], Json | None],
    ) -> None:
        self._source = source
        self._instance = instance
        self._cut = cut
        self._first, self._seen = shown
        self._current = current
        self._left = None if cut.limit_bytes is None else cut.limit_bytes - len(self._first)
        self._closed = False

    def _new(self) -> list[LogLine]:
        one = self._instance
        return list(self._source.lines(one.pod_uid, one.container, one.restart)[self._seen :])

    def take(self) -> list[bytes]:
        """Lines written since the last call."""
        chunks = [self._first] if self._first else []
        self._first = b""
        lines = self._new()
        self._seen += len(lines)
        body = b"".join(self._cut.line(line) for line in lines)
        if self._left is not None:
            body = body[: max(0, self._left)]
            self._left -= len(body)
        return [*chunks, body] if body else chunks

    @property
    def finished(self) -> bool:
        """Closed or full, or the container has ended and everything was taken."""
        if self._closed or (self._left is not None and self._left <= 0 and not self._first):
            return True
        return not self._first and self._ended() and not self._new()

    def _ended(self) -> bool:
        pod = self._current()
        if pod is None or pod["metadata"]["uid"] != self._instance.pod_uid:
            return True
        for part in _STATUS_LISTS:
            for one in (pod.get("status") or {}).get(part) or ():
                if one.get("name") == self._instance.container:
                    return (
                        "running" not in (one.get("state") or {})
                        or one.get("restartCount", 0) != self._instance.restart
                    )
        return True

    def close(self) -> None:
        """Nothing to let go of."""
        self._closed = True
