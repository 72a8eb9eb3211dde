"""The patch languages of the API: JSON patch (RFC 6902), merge patch (RFC 7386), strategic merge patch.

All are functions from (document, patch) to a new document; nothing given is changed.

Belongs here: the algebra. Does not: which resource takes which patch, validation of the result.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Sequence
from typing import Any

from opsrange.kube.schema import PatchStrategy
from opsrange.kube.status_errors import ApiError, bad_request
from opsrange.types import Json

Strategy = Callable[[tuple[str, ...]], PatchStrategy]
"""From a field's path (list indices left out) to what the schema declares of it."""

_ORDER = "$setElementOrder/"
_DROP = "$deleteFromPrimitiveList/"
_MAX_OPERATIONS = 10_000
"""The API server's own limit on operations in one JSON patch."""
_MAX_COPIED_BYTES = 3 << 20
"""Copies double: thirty of them turn a byte into a gigabyte."""


class InapplicableError(ApiError):
    """422: a patch that is well formed and cannot be applied.

    The API server keeps the reason to itself; it is here for whoever calls these functions.
    """

    def __init__(self, why: str) -> None:
        super().__init__(
            422, "Invalid", "the server rejected our request due to an error in our request"
        )
        self.why = why


# -- RFC 7386 ------------------------------------------------------------------------------------


def merge_patch(document: Any, patch: Any) -> Any:
    """Apply a JSON merge patch: objects merge, null removes, anything else replaces."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    merged = dict(document) if isinstance(document, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


# -- RFC 6902 ------------------------------------------------------------------------------------


def json_patch(document: Any, operations: Any) -> Any:
    """Apply a JSON patch, all or nothing.

    Raises:
        ApiError: 400 for a malformed patch, 422 for an operation that fails.
    """
    if not isinstance(operations, list) or not all(isinstance(one, dict) for one in operations):
        raise bad_request(
            "error decoding patch: json: cannot unmarshal into Go value of type jsonpatch.Patch"
        )
    if len(operations) > _MAX_OPERATIONS:
        raise ApiError(
            413,
            "RequestEntityTooLarge",
            f"The allowed maximum operations in a JSON patch is {_MAX_OPERATIONS}, got {len(operations)}",
        )
    holder = {"": copy.deepcopy(document)}
    copied = 0
    for operation in operations:
        if operation.get("op") == "copy":
            copied += len(json.dumps(_look(holder, _pointer(operation.get("from")), "copy")))
            if copied > _MAX_COPIED_BYTES:
                raise InapplicableError(
                    "Unable to complete the copy, the accumulated size increase of copy operations is "
                    f"{copied}, exceeding the limit {_MAX_COPIED_BYTES}"
                )
        _operate(holder, operation)
    return holder.get("")  # absent when the whole document was removed


def _operate(holder: Json, operation: Json) -> None:
    verb = operation.get("op")
    tokens = _pointer(operation.get("path"))
    if verb in ("add", "replace", "test") and "value" not in operation:
        raise InapplicableError(f"{verb} operation does not apply: missing value")
    match verb:
        case "add":
            _add(holder, tokens, copy.deepcopy(operation["value"]))
        case "replace":
            _look(holder, tokens, verb)
            _set(holder, tokens, copy.deepcopy(operation["value"]))
        case "remove":
            _take(holder, tokens, verb)
        case "move":
            source = _pointer(operation.get("from"))
            if tokens[: len(source)] == source and tokens != source:
                raise InapplicableError("move operation does not apply: cannot move into itself")
            _add(holder, tokens, _take(holder, source, verb))
        case "copy":
            source = _pointer(operation.get("from"))
            _add(holder, tokens, copy.deepcopy(_look(holder, source, verb)))
        case "test":
            if not _same(_look(holder, tokens, verb), operation["value"]):
                path = operation["path"]
                raise InapplicableError(f"testing value {path} failed: test failed")
        case _:
            raise InapplicableError(f"Unexpected kind: {verb}")


def _same(left: Any, right: Any) -> bool:
    """Equality of JSON values; unlike Python's, it tells ``true`` from ``1``."""
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


def _pointer(text: Any) -> list[str]:
    """Tokens of a JSON pointer, below an imaginary root named by the empty string."""
    if not isinstance(text, str) or (text and not text.startswith("/")):
        raise InapplicableError(f"operation does not apply: invalid path {text!r}")
    return [token.replace("~1", "/").replace("~0", "~") for token in text.split("/")]


def _missing(verb: str, tokens: Sequence[str]) -> ApiError:
    path = "/".join(tokens)
    return InapplicableError(
        f"{verb} operation does not apply: doc is missing path: {path}: missing value"
    )


def _index(container: list[Any], token: str, verb: str, *, end: bool) -> int:
    if token == "-" and end:  # noqa: S105 - a JSON pointer's token, no secret
        return len(container)
    if not token.isdecimal() or not token.isascii() or len(token) > 9:
        raise InapplicableError(f"{verb} operation does not apply: invalid index {token}")
    index = int(token)
    if index > len(container) - (0 if end else 1):
        raise InapplicableError(
            f"{verb} operation does not apply: Unable to access invalid index: {token}"
        )
    return index


def _look(holder: Json, tokens: Sequence[str], verb: str) -> Any:
    here: Any = holder
    for token in tokens:
        if isinstance(here, dict) and token in here:
            here = here[token]
        elif isinstance(here, list):
            here = here[_index(here, token, verb, end=False)]
        else:
            raise _missing(verb, tokens)
    return here


def _parent(holder: Json, tokens: Sequence[str], verb: str) -> Any:
    parent = _look(holder, tokens[:-1], verb)
    if not isinstance(parent, dict | list):
        raise _missing(verb, tokens)
    return parent


def _add(holder: Json, tokens: Sequence[str], value: Any) -> None:
    parent = _parent(holder, tokens, "add")
    if isinstance(parent, list):
        parent.insert(_index(parent, tokens[-1], "add", end=True), value)
    else:
        parent[tokens[-1]] = value


def _set(holder: Json, tokens: Sequence[str], value: Any) -> None:
    parent = _parent(holder, tokens, "replace")
    if isinstance(parent, list):
        parent[_index(parent, tokens[-1], "replace", end=False)] = value
    else:
        parent[tokens[-1]] = value


def _take(holder: Json, tokens: Sequence[str], verb: str) -> Any:
    parent = _parent(holder, tokens, verb)
    if isinstance(parent, list):
        return parent.pop(_index(parent, tokens[-1], verb, end=False))
    if tokens[-1] not in parent:
        raise _missing(verb, tokens)
    return parent.pop(tokens[-1])


# -- strategic merge -----------------------------------------------------------------------------


def strategic_merge(
    document: Json, patch: Json, strategy: Strategy, path: tuple[str, ...] = ()
) -> Json:
    """Apply a strategic merge patch.

    Args:
        document: the object as it is.
        patch: with directives ``$patch``, ``$retainKeys``, ``$setElementOrder/…``, ``$deleteFromPrimitiveList/…``.
        strategy: what the schema says of a field.
        path: where ``document`` is within the object.

    Raises:
        ApiError: 400 for a malformed patch.
    """
    directive = patch.get("$patch", "merge")
    if directive == "replace":
        replaced: Json = _clean(patch)
        return replaced
    if directive == "delete":
        return {}
    if directive != "merge":
        raise bad_request(f"Unknown patch type found: {directive}")
    merged = dict(document)
    retain = patch.get("$retainKeys")
    if retain is not None:
        retained = _listed(retain, "$retainKeys")
        merged = {name: value for name, value in merged.items() if name in retained}
    for name, value in patch.items():
        if name.startswith("$") and name in ("$patch", "$retainKeys"):
            continue
        if name.startswith((_ORDER, _DROP)):
            field = name.partition("/")[2]
            if field not in patch:
                _merge_field(merged, field, [], patch, (strategy, path))
        elif value is None:
            merged.pop(name, None)
        else:
            _merge_field(merged, name, value, patch, (strategy, path))
    return merged


def _merge_field(
    merged: Json, name: str, value: Any, patch: Json, schema: tuple[Strategy, tuple[str, ...]]
) -> None:
    strategy, parent = schema
    path = (*parent, name)
    old = merged.get(name)
    if isinstance(value, dict):
        if isinstance(old, dict) and "replace" not in strategy(path).strategies:
            merged[name] = strategic_merge(old, value, strategy, path)
        elif value.get("$patch") == "delete":
            merged.pop(name, None)
        else:
            merged[name] = _clean(value)
    elif isinstance(value, list):
        declared = strategy(path)
        key = declared.merge_key
        if "merge" in declared.strategies:
            current = old if isinstance(old, list) else []
            order = patch.get(_ORDER + name)
            dropped = patch.get(_DROP + name)
            if key and _all_objects(value) and _all_objects(current):
                merged[name] = _merge_objects(current, value, (key, order), strategy, path)
            else:
                merged[name] = _merge_plain(current, value, dropped, order)
            if name not in patch and old is None and not merged[name]:
                del merged[name]
        else:
            merged[name] = _clean(value)
    else:
        merged[name] = value


def _all_objects(items: Sequence[Any]) -> bool:
    return all(isinstance(item, dict) for item in items)


def _listed(value: Any, directive: str) -> list[Any]:
    if not isinstance(value, list):
        raise bad_request(f"invalid patch format of {directive}: expected a list")
    return value


def _clean(value: Any) -> Any:
    """A patch's value where nothing was before: no directives, no nulls."""
    if isinstance(value, list):
        return [
            _clean(item)
            for item in value
            if not (isinstance(item, dict) and item.get("$patch") in ("delete", "replace"))
        ]
    if isinstance(value, dict):
        return {
            name: _clean(item)
            for name, item in value.items()
            if item is not None and not name.startswith("$")
        }
    return value


def _merge_objects(
    current: Sequence[Json],
    changes: Sequence[Json],
    by: tuple[str, Any],
    strategy: Strategy,
    path: tuple[str, ...],
) -> list[Json]:
    """Merge lists of objects by their merge key."""
    key, order = by
    if any(change.get("$patch") == "replace" for change in changes):
        return [_clean(item) for item in changes if item.get("$patch") != "replace"]
    items = list(current)
    for change in changes:
        if key not in change:
            raise bad_request(
                f"map: {json.dumps(change)} does not contain declared merge key: {key}"
            )
        at = [number for number, item in enumerate(items) if _same(item.get(key), change[key])]
        if change.get("$patch") == "delete":
            items = [item for number, item in enumerate(items) if number not in at]
        elif at:
            items[at[0]] = strategic_merge(items[at[0]], change, strategy, path)
        else:
            items.append(_clean(change))
    if order is None:
        return items
    wanted = [one.get(key) if isinstance(one, dict) else one for one in _listed(order, _ORDER)]
    return _ordered(items, wanted, [item.get(key) for item in current], lambda item: item.get(key))


def _merge_plain(
    current: Sequence[Any], changes: Sequence[Any], dropped: Any, order: Any
) -> list[Any]:
    """Merge lists of plain values: a union, less what is dropped."""
    gone = _listed(dropped, _DROP) if dropped is not None else []
    items = [item for item in current if item not in gone]
    items.extend(item for item in changes if item not in items and not isinstance(item, dict))
    if order is None:
        return items
    return _ordered(items, _listed(order, _ORDER), current, lambda item: item)


def _ordered(
    items: Sequence[Any],
    wanted: Sequence[Any],
    before: Sequence[Any],
    identity: Callable[[Any], Any],
) -> list[Any]:
    """Items in the order a patch wants; those it does not mention stay where the server had them."""
    mentioned = sorted(
        (item for item in items if identity(item) in wanted),
        key=lambda item: wanted.index(identity(item)),
    )
    others = [item for item in items if identity(item) not in wanted]
    result: list[Any] = []
    for item in mentioned:
        place = before.index(identity(item)) if identity(item) in before else -1
        while others and identity(others[0]) in before:
            if before.index(identity(others[0])) > place:
                break
            result.append(others.pop(0))
        result.append(item)
    return result + others
