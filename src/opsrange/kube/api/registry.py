"""Writing an object the way the API server does: decode, default, admit, validate, store.

The API and in-process changes share it, so nothing gets into the store that an HTTP client could not have written.

Belongs here: the order of the steps, and rules common to all kinds. Does not: HTTP, rules of one kind, quotas.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from opsrange.kube.admission import admit
from opsrange.kube.kind import FieldError, Kind
from opsrange.kube.schema import schema_errors
from opsrange.kube.status_errors import ApiError, bad_request, conflict, invalid, strict_decoding
from opsrange.kube.store import Deletion, Store
from opsrange.kube.view import StoreView
from opsrange.types import Json

_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_LABEL_KEY = re.compile(
    r"([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
)
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_LABEL_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for "
    "validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_KEY_RULE = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
_ANNOTATIONS_LIMIT_BYTES = 262_144


@dataclass(frozen=True, slots=True)
class Manner:
    """How a write is to be done."""

    dry_run: bool = False
    """Check everything, store nothing."""
    validation: str = "Warn"
    """``Strict``, ``Warn`` or ``Ignore`` unknown fields."""
    subresource: str = ""
    """``status`` writes the status alone; empty everything else."""


class Registry:
    """Creates, replaces and deletes objects with all the checks of the API server.

    Args:
        store: where objects end up.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._view = StoreView(store)
        self._with_spec: dict[tuple[str, str], bool] = {}

    def create(self, kind: Kind, document: Json, manner: Manner = Manner()) -> Json:
        """Create an object.

        Args:
            kind: of the object.
            document: as a client wrote it, namespace included; not changed.
            manner: dry run and field validation.

        Raises:
            ApiError: 400, 403, 409 or 422.
        """
        new = self._decoded(kind, document, manner)
        kind.default(new)
        kind.on_create(new)
        names = self.store.kernel.streams.stream("kube.name")
        before = names.getstate()
        named = self.store.named(new)
        try:
            self._validate(kind, named, None)
            admitted = self._admitted("CREATE", kind, named, None)
            if manner.dry_run:
                return self.store.previewed(kind, admitted)
        except ApiError:
            names.setstate(before)
            raise
        finally:
            if manner.dry_run:
                names.setstate(before)
        return self.store.create(kind, admitted)

    def replace(
        self,
        kind: Kind,
        namespace: str,
        document: Json,
        manner: Manner = Manner(),
    ) -> Json:
        """Replace an object, or its status.

        Raises:
            ApiError: 400, 403, 404, 409 or 422.
        """
        new = self._decoded(kind, document, manner)
        old = self.store.get(kind, namespace, new["metadata"].get("name", ""))
        if manner.subresource:
            status = new.get("status", {})
            version = new["metadata"].get("resourceVersion")
            metadata = {**old["metadata"], "resourceVersion": version}
            if uid := new["metadata"].get("uid"):
                metadata["uid"] = uid
            new = self.store.checked(kind, {**old, "metadata": metadata, "status": status}, old)
        else:
            new = self.store.checked(kind, new, old)
            kind.default(new)
            kind.on_update(new, copy.deepcopy(old))
            self._validate(kind, new, old)
            if new != old:
                new = self._admitted("UPDATE", kind, new, old)
        return new if manner.dry_run else self.store.update(kind, new)

    def delete(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        how: Deletion | None = None,
        *,
        dry_run: bool = False,
    ) -> Json:
        """Delete an object, or begin to.

        Raises:
            ApiError: 403, 404 or 409.
        """
        old = self.store.get(kind, namespace, name)
        if how and how.uid and how.uid != old["metadata"]["uid"]:
            why = f"Precondition failed: UID in precondition: {how.uid}, UID in object meta: {old['metadata']['uid']}"
            raise conflict(kind, name, why)
        self._admitted("DELETE", kind, None, old)
        return old if dry_run else self.store.delete(kind, namespace, name, how)

    def _decoded(self, kind: Kind, document: Json, manner: Manner) -> Json:
        """A private, well-formed copy of what a client wrote, unknown fields dropped."""
        new: Json = _without_nulls(document)
        report = schema_errors(kind, new)
        if report.errors:
            raise undecodable(kind, report.errors[0])
        if manner.validation == "Strict" and report.unknown_fields:
            raise strict_decoding(kind, unknown_fields(report.unknown_fields))
        for path in report.unknown_fields:
            _drop(new, path)
        new["apiVersion"], new["kind"] = kind.api_version, kind.kind
        new.setdefault("metadata", {}).pop("managedFields", None)
        if self._has_spec(kind):
            new.setdefault("spec", {})  # a struct in Go: never absent, so nothing need ask
        return _ordered(new)

    def _has_spec(self, kind: Kind) -> bool:
        key = (kind.group, kind.plural)
        if key not in self._with_spec:
            self._with_spec[key] = not schema_errors(kind, {"spec": {}}).unknown_fields
        return self._with_spec[key]

    def _admitted(self, operation: str, kind: Kind, new: Json | None, old: Json | None) -> Json:
        return admit(operation, kind, new, old, self._view) or {}

    def _validate(self, kind: Kind, new: Json, old: Json | None) -> None:
        errors = metadata_errors(kind, new) + kind.validate(new, old)
        if errors:
            raise invalid(kind, new["metadata"].get("name", ""), errors)


def _without_nulls(value: Any) -> Any:
    """A deep copy without null members, which the API takes for absent ones."""
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value if item is not None]
    return value


def _ordered(document: Json) -> Json:
    """Members in the order the API server prints them."""
    first = ("apiVersion", "kind", "metadata")
    rest = sorted(key for key in document if key not in first)
    return {key: document[key] for key in (*first, *rest) if key in document}


def _drop(document: Any, path: str) -> None:
    """Remove a field by dotted path; list elements are written ``containers[0]``."""
    steps = re.findall(r"\[(\d+)\]|([^.\[\]]+)", path)
    here = document
    for number, name in steps[:-1]:
        try:
            here = here[int(number)] if number else here[name]
        except (KeyError, IndexError, TypeError):
            return
    if steps and isinstance(here, dict):
        here.pop(steps[-1][1], None)


def unknown_fields(paths: Sequence[str]) -> list[str]:
    """Complaints about unknown fields, as warnings and strict errors word them."""
    return [f'unknown field "{path}"' for path in paths]


def undecodable(kind: Kind, why: str) -> ApiError:
    """400: the document is not of its kind."""
    return bad_request(
        f'{kind.kind} in version "{kind.version}" cannot be handled as a {kind.kind}: {why}'
    )


def metadata_errors(kind: Kind, document: Json) -> list[FieldError]:
    """Rules of object metadata that hold for every kind."""
    metadata = document["metadata"]
    name = metadata.get("name", "")
    if not name:
        required = FieldError(
            "metadata.name",
            "Required value: name or generateName is required",
            "FieldValueRequired",
        )
        return [required]
    found: list[FieldError] = []
    if kind.group == "rbac.authorization.k8s.io":
        if "/" in name or "%" in name or name in (".", ".."):
            detail = f"Invalid value: \"{name}\": may not contain '/' or '%'"
            found.append(FieldError("metadata.name", detail))
    elif len(name) > 253 or not _SUBDOMAIN.fullmatch(name):
        detail = f'Invalid value: "{name}": {_SUBDOMAIN_RULE}'
        found.append(FieldError("metadata.name", detail))
    for index, owner in enumerate(metadata.get("ownerReferences", [])):
        for member in ("apiVersion", "kind", "name", "uid"):
            if not owner.get(member):
                field = f"metadata.ownerReferences[{index}].{member}"
                detail = "Required value: must not be empty"
                found.append(FieldError(field, detail, "FieldValueRequired"))
    for key, value in metadata.get("labels", {}).items():
        if not _LABEL_KEY.fullmatch(key):
            found.append(FieldError("metadata.labels", f'Invalid value: "{key}": {_KEY_RULE}'))
        if len(value) > 63:
            detail = f'Invalid value: "{value}": must be no more than 63 bytes'
            found.append(FieldError("metadata.labels", detail))
        elif not _LABEL_VALUE.fullmatch(value):
            found.append(FieldError("metadata.labels", f'Invalid value: "{value}": {_LABEL_RULE}'))
    annotations = metadata.get("annotations", {})
    for key in annotations:
        if not _LABEL_KEY.fullmatch(key.lower()):
            detail = f'Invalid value: "{key}": {_KEY_RULE}'
            found.append(FieldError("metadata.annotations", detail))
    if sum(len(key) + len(value) for key, value in annotations.items()) > _ANNOTATIONS_LIMIT_BYTES:
        detail = f"Too long: may not be more than {_ANNOTATIONS_LIMIT_BYTES} bytes"
        found.append(FieldError("metadata.annotations", detail, "FieldValueTooLong"))
    return found
