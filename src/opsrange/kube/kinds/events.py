"""Events, as core/v1, which is what ``kubectl get``, ``describe`` and ``events`` ask for.

``events.k8s.io/v1`` is another view of the same objects and is not served: no command of kubectl needs it, and two views
would need one store. The NAME column is not first here; it is the one whose format is ``name``.
"""

from __future__ import annotations

from collections.abc import Mapping

from opsrange.kube.fields.complaints import invalid
from opsrange.kube.fields.durations import since
from opsrange.kube.kind import Column, FieldError, Kind
from opsrange.types import Json


def _first_seen(event: Json, now_ms: int) -> str:
    """The age of the first occurrence."""
    return since(event.get("firstTimestamp") or event.get("eventTime"), now_ms)


def _last_seen(event: Json, now_ms: int) -> str:
    """The age of the last occurrence."""
    if event.get("series"):
        return since(event["series"].get("lastObservedTime"), now_ms)
    if event.get("lastTimestamp"):
        return since(event["lastTimestamp"], now_ms)
    return _first_seen(event, now_ms)


def _object(event: Json, now_ms: int) -> str:
    """``pod/web-1``."""
    about = event.get("involvedObject") or {}
    kind, name = about.get("kind", "").lower(), about.get("name", "")
    return f"{kind}/{name}" if name else kind


def _source(event: Json, now_ms: int) -> str:
    """Who reported it, and from where."""
    source = event.get("source") or {}
    component = source.get("component") or event.get("reportingComponent", "")
    host = source.get("host") or event.get("reportingInstance", "")
    return f"{component}, {host}" if host else str(component)


def _count(event: Json, now_ms: int) -> str:
    """How often; an event without a count happened once."""
    if event.get("series"):
        return str(event["series"].get("count", 0))
    return str(event.get("count") or 1)


def _selectable(event: Json) -> Mapping[str, str]:
    about, source = event.get("involvedObject") or {}, event.get("source") or {}
    keys = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
    fields = {f"involvedObject.{key}": str(about.get(key, "")) for key in keys}
    reporter = source.get("component") or event.get("reportingComponent", "")
    return {
        **fields,
        "reason": event.get("reason", ""),
        "reportingComponent": event.get("reportingComponent", ""),
        "source": reporter,
        "type": event.get("type", ""),
    }


def _default(event: Json) -> None:
    """Fields that the API server always writes."""
    for key in ("reportingComponent", "reportingInstance"):
        event.setdefault(key, "")
    event.setdefault("source", {})


def _validate(event: Json, old: Json | None) -> list[FieldError]:
    """An event lives where the object lives that it is about."""
    about = (event.get("involvedObject") or {}).get("namespace", "")
    here = event["metadata"].get("namespace", "")
    if about != here and not (about == "" and here in ("", "default")):
        detail = "does not match event.namespace"
        return [invalid("involvedObject.namespace", about, detail)]
    return []


KINDS = (
    Kind(
        group="",
        version="v1",
        kind="Event",
        plural="events",
        singular="event",
        short_names=("ev",),
        namespaced=True,
        columns=(
            Column("Last Seen", _last_seen),
            Column("Type", lambda o, _: o.get("type", "")),
            Column("Reason", lambda o, _: o.get("reason", "")),
            Column("Object", _object),
            Column(
                "Subobject", lambda o, _: (o.get("involvedObject") or {}).get("fieldPath", ""), 1
            ),
            Column("Source", _source, 1),
            Column("Message", lambda o, _: o.get("message", "").strip()),
            Column("First Seen", _first_seen, 1),
            Column("Count", _count, 1),
            Column("Name", lambda o, _: o["metadata"]["name"], 1, format="name"),
        ),
        age_column=False,
        default=_default,
        validate=_validate,
        selectable_fields=_selectable,
    ),
)
