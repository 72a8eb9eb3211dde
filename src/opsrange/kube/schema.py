"""The published schemas of Kubernetes' own kinds: decoding errors, patch strategies, documentation.

The definitions come with the kubernetes-validate distribution. They are compiled once per type into small nodes, because
a general JSON Schema validator is two orders of magnitude too slow for every write of a simulation. Like the API
server's decoder, the walk reports wrong types and unknown fields; what is *required* is for validation (``kinds``) to say.
"""

from __future__ import annotations

import base64
import binascii
import importlib.resources
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from opsrange.errors import AuthorError
from opsrange.kube.kind import Kind
from opsrange.kube.quantities import QuantityError, parse
from opsrange.types import Json, parse_rfc3339

_RELEASE = re.compile(r"v(\d+)\.(\d+)\.(\d+)-local-strict")
_REF = "#/$defs/"
_QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
_INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"
_GVK = "x-kubernetes-group-version-kind"
_GO_LAYOUT = {"Time": "2006-01-02T15:04:05Z07:00", "MicroTime": "2006-01-02T15:04:05.000000Z07:00"}


@dataclass(frozen=True, slots=True)
class SchemaReport:
    """What decoding a document found, in document order."""

    unknown_fields: tuple[str, ...]
    """E.g. ``spec.template.spec.containers[0].foo``."""
    errors: tuple[str, ...]
    """E.g. ``json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32``.
    The API server answers with the first alone."""


@dataclass(frozen=True, slots=True)
class PatchStrategy:
    """How a strategic merge patch treats one field."""

    merge_key: str | None
    strategies: tuple[str, ...]
    """Among ``merge``, ``retainKeys``, ``replace``; empty means replace."""


_REPLACE = PatchStrategy(None, ())


@dataclass(slots=True)
class _Node:
    """One type of the API: its shape and its name in Go."""

    shape: str
    """``struct``, ``map``, ``array``, ``any``, ``string``, ``integer``, ``number``, ``boolean``, ``bytes``, ``time``,
    ``quantity`` or ``int-or-string``."""
    go_type: str
    items: _Node | None = None
    definition: str = ""
    """The definition whose properties are a struct's fields."""
    opened: dict[str, _Node] | None = None
    """Those fields, compiled when first met, so that types may be recursive."""

    def fields(self) -> dict[str, _Node]:
        """The fields of a struct."""
        if self.opened is None:
            properties = _definitions()[self.definition]["properties"]
            self.opened = {key: _compile(value) for key, value in properties.items()}
        return self.opened


_ANY = _Node("any", "interface {}")


@dataclass(frozen=True, slots=True)
class _Trail:
    """The way to a value, linked backwards so that nothing is built unless something is wrong."""

    before: _Trail | None
    key: str | int
    struct: str
    """The Go struct the value is (in the end) a field of."""

    def dotted(self) -> str:
        """``spec.containers[0].foo``."""
        keys = self._keys()
        return "".join(f"[{k}]" if isinstance(k, int) else f".{k}" for k in keys).lstrip(".")

    def go_path(self) -> str:
        """``spec.containers.foo``: Go leaves indexes out."""
        return ".".join(key for key in self._keys() if isinstance(key, str))

    def _keys(self) -> list[str | int]:
        keys: list[str | int] = []
        trail: _Trail | None = self
        while trail is not None:
            keys.append(trail.key)
            trail = trail.before
        return keys[::-1]


@dataclass(slots=True)
class _Findings:
    unknown: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@cache
def _definitions() -> Json:
    """Every definition of the newest Kubernetes release that is installed."""
    folder = importlib.resources.files("kubernetes_validate") / "kubernetes-json-schema"
    releases = []
    for entry in folder.iterdir():
        match = _RELEASE.fullmatch(entry.name)
        if match:
            releases.append(([int(part) for part in match.groups()], entry))
    if not releases:
        raise AuthorError(
            f"looked for Kubernetes schemas in {folder}; found none; reinstall kubernetes-validate"
        )
    newest = max(releases, key=lambda release: release[0])[1]
    document: Json = json.loads((newest / "_definitions.json").read_text())["$defs"]
    return document


@cache
def _roots() -> dict[tuple[str, str, str], str]:
    """Definition names by (group, version, kind)."""
    roots = {}
    for name, definition in _definitions().items():
        kinds = definition.get(_GVK) or []
        if len(kinds) == 1:  # options types list every group
            one = kinds[0]
            roots[one["group"], one["version"], one["kind"]] = name
    return roots


def _root(group: str, version: str, kind: str) -> str:
    """The definition name of a kind."""
    name = _roots().get((group, version, kind))
    if name is None:
        raise AuthorError(
            f"asked for the schema of {kind} in {group}/{version}; found none; serve a published kind"
        )
    return name


def _type_of(definition: Json) -> str:
    """The JSON type, nullability aside."""
    kind = definition.get("type", "")
    return str(kind[0] if isinstance(kind, list) else kind)


def _compile(definition: Json) -> _Node:
    """A node for an inline definition."""
    reference = definition.get("$ref")
    if reference:
        return _named(reference.removeprefix(_REF))
    shape = _type_of(definition)
    if shape == "array":
        items = _compile(definition.get("items", {}))
        return _Node("array", f"[]{items.go_type}", items=items)
    if shape == "object":
        values = definition.get("additionalProperties")
        if not isinstance(values, dict):
            return _ANY
        node = _compile(values)
        return _Node("map", f"map[string]{node.go_type}", items=node)
    layout = definition.get("format", "")
    if shape == "integer":
        return _Node("integer", layout or "int64")
    if shape == "string":
        return _Node("bytes", "[]uint8") if layout == "byte" else _Node("string", "string")
    scalars = {"boolean": "bool", "number": "float64"}
    return _Node(shape, scalars[shape]) if shape in scalars else _ANY


@cache
def _named(name: str) -> _Node:
    """The node of a named definition."""
    if name == _QUANTITY:
        return _Node("quantity", "resource.Quantity")
    if name == _INT_OR_STRING:
        return _Node("int-or-string", "intstr.IntOrString")
    definition = _definitions()[name]
    package, type_name = name.split(".")[-2:]
    if type_name in _GO_LAYOUT and definition.get("format") == "date-time":
        return _Node("time", type_name)
    if "properties" in definition:
        return _Node("struct", f"{package}.{type_name}", definition=name)
    return _compile(definition)


def go_word(value: Any) -> str:
    """A JSON value's type in the words of Go's decoder."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, dict):
        return "object"
    if isinstance(value, list):
        return "array"
    return "string" if isinstance(value, str) else "number"


def _mismatch(node: _Node, value: Any, trail: _Trail, word: str = "") -> str:
    """The decoder's complaint about a value of the wrong type."""
    word = word or go_word(value)
    if node.shape == "int-or-string":
        return f"json: cannot unmarshal {word} into Go value of type int32"
    if node.shape == "time":
        return f"json: cannot unmarshal {word} into Go value of type string"
    place = f"{trail.struct}.{trail.go_path()}"
    return f"json: cannot unmarshal {word} into Go struct field {place} of type {node.go_type}"


def _integer(node: _Node, value: Any, trail: _Trail) -> str | None:
    """Complain about what does not fit a Go integer."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _mismatch(node, value, trail)
    limit = 2**31 if node.go_type == "int32" or node.shape == "int-or-string" else 2**63
    if isinstance(value, float) or not -limit <= value < limit:
        return _mismatch(node, value, trail, f"number {json.dumps(value)}")
    return None


def _text(node: _Node, value: Any, trail: _Trail) -> str | None:
    """Complain about what is not the text a scalar needs."""
    if not isinstance(value, str):
        return _mismatch(node, value, trail)
    if node.shape == "bytes":
        try:
            base64.b64decode(value, validate=True)
        except binascii.Error:
            bad = re.search(r"[^A-Za-z0-9+/=]", value)
            return (
                f"illegal base64 data at input byte {bad.start() if bad else len(value) // 4 * 4}"
            )
    if node.shape == "time":
        layout = _GO_LAYOUT[node.go_type]
        try:
            parse_rfc3339(value)
        except ValueError:
            return f'parsing time "{value}" as "{layout}": cannot parse "{value}" as "2006"'
    return None


def _scalar(node: _Node, value: Any, trail: _Trail) -> str | None:
    """Complain about a scalar; ``None`` when it decodes."""
    if node.shape == "boolean":
        return None if isinstance(value, bool) else _mismatch(node, value, trail)
    if node.shape == "integer":
        return _integer(node, value, trail)
    if node.shape == "number":
        wrong = isinstance(value, bool) or not isinstance(value, int | float)
        return _mismatch(node, value, trail) if wrong else None
    if node.shape == "int-or-string":
        return None if isinstance(value, str) else _integer(node, value, trail)
    if node.shape == "quantity":
        try:
            parse(value if isinstance(value, str | int | float) else json.dumps(value))
        except QuantityError as error:
            return str(error)
        return None
    return _text(node, value, trail)


def _walk(node: _Node, value: Any, trail: _Trail, found: _Findings) -> None:
    """Decode ``value`` as ``node``. A null is an absent value everywhere."""
    shape = node.shape
    if value is None or shape == "any" or (shape == "string" and type(value) is str):
        return
    if shape == "struct":
        if type(value) is not dict:
            found.errors.append(_mismatch(node, value, trail))
        else:
            _walk_struct(node, value, trail, found)
    elif shape == "map":
        if type(value) is not dict:
            found.errors.append(_mismatch(node, value, trail))
        elif node.items is not None:
            for key, item in value.items():
                if type(item) is not str or node.items.shape != "string":
                    # Go names the map's own field in such errors, not the key
                    inside = trail if node.items.shape != "struct" else None
                    _walk(node.items, item, inside or _Trail(trail, key, trail.struct), found)
    elif shape == "array":
        if type(value) is not list:
            found.errors.append(_mismatch(node, value, trail))
        elif node.items is not None:
            for index, item in enumerate(value):
                _walk(node.items, item, _Trail(trail, index, trail.struct), found)
    else:
        error = _scalar(node, value, trail)
        if error:
            found.errors.append(error)


def _walk_struct(node: _Node, value: Json, trail: _Trail | None, found: _Findings) -> None:
    """Decode an object whose fields are known."""
    struct = node.go_type.rpartition(".")[2]
    fields = node.fields()
    for key, item in value.items():
        known = fields.get(key)
        if known is None:
            found.unknown.append(_Trail(trail, key, struct).dotted())
        elif known.shape != "string" or type(item) is not str:
            _walk(known, item, _Trail(trail, key, struct), found)


def schema_errors(kind: Kind, document: Json) -> SchemaReport:
    """Decode a document as the API server would.

    Args:
        kind: what the document claims to be.
        document: any JSON object.

    Raises:
        AuthorError: when no schema is published for ``kind``.
    """
    found = _Findings()
    node = _named(_root(kind.group, kind.version, kind.kind))
    _walk_struct(node, document, None, found)
    return SchemaReport(tuple(found.unknown), tuple(found.errors))


def patch_strategy(kind: Kind, path: tuple[str, ...]) -> PatchStrategy:
    """How a strategic merge patch treats a field.

    Args:
        kind: what is patched.
        path: field names from the root; list indexes and nothing else are left out.
    """
    return _strategy(_root(kind.group, kind.version, kind.kind), path)


@cache
def _strategy(root: str, path: tuple[str, ...]) -> PatchStrategy:
    definitions = _definitions()
    here: Json = {"$ref": _REF + root}
    for key in path:
        while "$ref" in here or "items" in here:
            reference = here.get("$ref")
            here = definitions[reference.removeprefix(_REF)] if reference else here["items"]
        values = here.get("additionalProperties")
        here = here.get("properties", {}).get(key) or (values if isinstance(values, dict) else {})
    strategies = here.get("x-kubernetes-patch-strategy", "")
    if not strategies:
        return _REPLACE
    return PatchStrategy(here.get("x-kubernetes-patch-merge-key"), tuple(strategies.split(",")))


def openapi_definitions(kinds: Iterable[Kind]) -> Json:
    """The definitions that ``kinds`` reach, as ``components.schemas`` of an OpenAPI v3 document, descriptions included."""
    definitions = _definitions()
    pending = [_root(kind.group, kind.version, kind.kind) for kind in kinds]
    reached: Json = {}
    while pending:
        name = pending.pop()
        if name not in reached:
            reached[name] = _published(name, definitions[name])
            pending.extend(_references(definitions[name]))
    return {name: reached[name] for name in sorted(reached)}


def _references(definition: Any) -> list[str]:
    """Names of the definitions that a definition mentions."""
    if isinstance(definition, list):
        return [name for item in definition for name in _references(item)]
    if not isinstance(definition, dict):
        return []
    names = [name for item in definition.values() for name in _references(item)]
    reference = definition.get("$ref")
    return [*names, reference.removeprefix(_REF)] if isinstance(reference, str) else names


def _published(name: str, definition: Json) -> Json:
    """A named definition as the API server publishes it."""
    if name == _QUANTITY:
        return {**_without_type(definition), "oneOf": [{"type": "string"}, {"type": "number"}]}
    if name == _INT_OR_STRING:
        either = [{"type": "integer"}, {"type": "string"}]
        return {**_without_type(definition), "oneOf": either, "format": "int-or-string"}
    return _openapi(definition)


def _without_type(definition: Json) -> Json:
    return {key: value for key, value in definition.items() if key not in ("type", "oneOf")}


def _openapi(definition: Json) -> Json:
    """An inline definition in OpenAPI v3: one type, no nulls, references beside descriptions through ``allOf``."""
    out: Json = {}
    for key, value in definition.items():
        if key == "$ref":
            out["allOf"] = [{"$ref": value.replace(_REF, "#/components/schemas/")}]
        elif key == "type":
            out["type"] = _type_of(definition)
        elif key == "properties":
            out["properties"] = {name: _property(item) for name, item in value.items()}
        elif key in ("items", "additionalProperties"):
            if value is not False:  # strictness is this distribution's, not Kubernetes'
                out[key] = _openapi(value) if isinstance(value, dict) else value
        else:
            out[key] = value
    return out


def _property(definition: Json) -> Json:
    """A property; the API server does not publish fixed ``apiVersion`` and ``kind``."""
    out = _openapi(definition)
    if len(out.get("enum", ())) == 1 and out.get("type") == "string":
        del out["enum"]
    return out
