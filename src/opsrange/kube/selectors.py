"""Label and field selectors.

Belongs here: parsing a selector and matching an object. Does not: where selectors appear in kinds and requests.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from opsrange.kube.kind import Kind
from opsrange.kube.status_errors import bad_request
from opsrange.types import Json

_NAME = r"(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)"
_LABEL_KEY = re.compile(rf"(?:[a-z0-9](?:[-a-z0-9.]{{0,251}}[a-z0-9])?/)?{_NAME}")
_LABEL_VALUE = re.compile(rf"{_NAME}?")
_TOKEN = re.compile(r"\s*(==|!=|=|>|<|\(|\)|,|![^=]|!|[^\s=!<>(),]+)")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on one label."""

    key: str
    operator: str
    """``In``, ``NotIn``, ``Exists``, ``DoesNotExist``, ``Gt`` or ``Lt``."""
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether a set of labels meets it."""
        value = labels.get(self.key)
        match self.operator:
            case "In":
                return value in self.values
            case "NotIn":
                return value not in self.values
            case "Exists":
                return value is not None
            case "DoesNotExist":
                return value is None
        if value is None or not value.lstrip("-").isdecimal():
            return False
        bound = int(self.values[0])
        return int(value) > bound if self.operator == "Gt" else int(value) < bound


@dataclass(frozen=True, slots=True)
class LabelSelector:
    """All of its requirements; none matches everything."""

    requirements: tuple[Requirement, ...] = ()

    def matches(self, labels: Mapping[str, str] | None) -> bool:
        """Whether a set of labels (``None`` is the empty set) meets every requirement."""
        return all(requirement.matches(labels or {}) for requirement in self.requirements)

    @classmethod
    def of(cls, selector: Json | None) -> LabelSelector:
        """From an object's ``matchLabels``/``matchExpressions``, or a service's plain mapping."""
        if not selector:
            return cls()
        if "matchLabels" not in selector and "matchExpressions" not in selector:
            return cls(tuple(Requirement(k, "In", (str(v),)) for k, v in selector.items()))
        found = [Requirement(k, "In", (v,)) for k, v in (selector.get("matchLabels") or {}).items()]
        for expression in selector.get("matchExpressions") or []:
            values = tuple(expression.get("values") or ())
            found.append(Requirement(expression["key"], expression["operator"], values))
        return cls(tuple(found))

    @classmethod
    def parse(cls, text: str) -> LabelSelector:
        """From a query such as ``app=web,tier in (a,b),!canary``.

        Raises:
            ApiError: 400.
        """
        return cls(tuple(_LabelParser(text).requirements())) if text.strip() else cls()


class _LabelParser:
    """Recursive descent over the tokens of one selector."""

    def __init__(self, text: str) -> None:
        self._words: list[str] = []
        position = 0
        while position < len(text.rstrip()):
            found = _TOKEN.match(text, position)
            assert found is not None
            word = found.group(1)
            if len(word) == 2 and word[0] == "!" and word != "!=":
                word = "!"
            self._words.append(word)
            position = found.start(1) + len(word)
        self._position = 0

    def _next(self) -> str:
        word = self._words[self._position] if self._position < len(self._words) else ""
        self._position += 1
        return word

    def requirements(self) -> list[Requirement]:
        found: list[Requirement] = []
        while True:
            found.append(self._requirement())
            word = self._next()
            if not word:
                return found
            if word != ",":
                raise _unparsable(f"found '{word}', expected: ',' or 'end of string'")

    def _requirement(self) -> Requirement:
        key = self._next()
        if key == "!":
            return Requirement(_key(self._next()), "DoesNotExist")
        key = _key(key)
        operator = self._next()
        if operator in ("", ","):
            self._position -= 1
            return Requirement(key, "Exists")
        if operator in ("=", "==", "!="):
            name = "NotIn" if operator == "!=" else "In"
            return Requirement(key, name, (_value(key, self._optional_value()),))
        if operator in ("in", "notin"):
            return Requirement(key, "In" if operator == "in" else "NotIn", self._set(key))
        if operator in (">", "<"):
            bound = self._next()
            if not bound.lstrip("-").isdecimal():
                raise _unparsable(
                    f"values[0][{key}]: Invalid value: \"{bound}\": for 'Gt', 'Lt' operators, the value must be an integer"
                )
            return Requirement(key, "Gt" if operator == ">" else "Lt", (bound,))
        raise _unparsable(f"found '{operator}', expected: in, notin, =, ==, !=, gt, lt")

    def _optional_value(self) -> str:
        word = self._next()
        if word in ("", ","):
            self._position -= 1
            return ""
        return word

    def _set(self, key: str) -> tuple[str, ...]:
        if (word := self._next()) != "(":
            raise _unparsable(f"found '{word}', expected: '('")
        values: list[str] = []
        while True:
            word = self._next()
            if word == ")":
                return tuple(values or [""])
            if word == ",":
                continue
            if not word or word in ("(", "=", "==", "!=", "!", "<", ">"):
                raise _unparsable(f"found '{word}', expected: ',', or identifier")
            values.append(_value(key, word))


def _key(key: str) -> str:
    if not _LABEL_KEY.fullmatch(key):
        raise _unparsable(
            f'<nil>: Invalid value: "{key}": name part must consist of alphanumeric characters, '
            "'-', '_' or '.', and must start and end with an alphanumeric character"
        )
    return key


def _value(key: str, value: str) -> str:
    if not _LABEL_VALUE.fullmatch(value):
        raise _unparsable(
            f'values[0][{key}]: Invalid value: "{value}": a valid label must be an empty string or consist of '
            "alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
        )
    return value


def _unparsable(why: str) -> Exception:
    return bad_request(f"unable to parse requirement: {why}")


FieldMatch = Callable[[Json], bool]


def parse_fields(text: str, kind: Kind) -> FieldMatch:
    """A predicate from a query such as ``metadata.name=web,status.phase!=Running``.

    Raises:
        ApiError: 400 for bad syntax, or when a matched object's kind has no such selectable field.
    """
    terms = [_field_term(part) for part in _split_fields(text) if part]
    names = {name for name, _, _ in terms}
    known = {"metadata.name", "metadata.namespace", *_declared(kind)}
    for name in sorted(names - known):
        raise bad_request(f"field label not supported: {name}")
    return lambda document: _fields_match(document, kind, terms)


def _declared(kind: Kind) -> Sequence[str]:
    """The selectable fields a kind answers for an empty object of its own."""
    blank: Json = {"metadata": {"name": "", "namespace": ""}, "spec": {}, "status": {}}
    return list(kind.selectable_fields(blank))


def _split_fields(text: str) -> list[str]:
    return [part.replace("\\,", ",") for part in re.split(r"(?<!\\),", text)]


def _field_term(part: str) -> tuple[str, bool, str]:
    found = re.fullmatch(r"([^=!]+)(==|!=|=)(.*)", part, re.DOTALL)
    if found is None or not found.group(1).strip():
        raise bad_request(f"invalid selector: '{part}'; can't understand '{part}'")
    value = found.group(3).replace("\\=", "=").replace("\\\\", "\\")
    return found.group(1).strip(), found.group(2) != "!=", value


def _fields_match(document: Json, kind: Kind, terms: Sequence[tuple[str, bool, str]]) -> bool:
    metadata = document["metadata"]
    fields: dict[str, str] | None = None
    for name, wanted, value in terms:
        if name == "metadata.name":
            actual = metadata["name"]
        elif name == "metadata.namespace":
            actual = metadata.get("namespace", "")
        else:
            fields = dict(kind.selectable_fields(document)) if fields is None else fields
            actual = str(fields.get(name, ""))
        if (actual == value) is not wanted:
            return False
    return True
