"""What the API machinery needs to know of a resource kind.

A module in ``kube/kinds`` defines ``KINDS: tuple[Kind, ...]``; the directory is the registry. Adding a kind adds a
module and edits none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache

from opsrange.discovery import defined
from opsrange.errors import AuthorError
from opsrange.types import Json

RELEASE = "v1.37.1"
"""Which Kubernetes the twin is, nodes included: that of the bundled kubectl and schemas."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the table the server renders for ``kubectl get``."""

    name: str
    value: Callable[[Json, int], str | int]
    """From the object and the present instant in milliseconds to a cell."""
    priority: int = 0
    """1 is shown only with ``-o wide``."""
    type: str = "string"
    format: str = ""
    """``name`` for the name column. A kind with such a column (events, where it is not the first) gets none besides."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One complaint about a field, worded as the API server words it."""

    field: str
    """Dotted path, e.g. ``spec.replicas``."""
    detail: str
    """E.g. ``Invalid value: -1: must be greater than or equal to 0``."""
    reason: str = "FieldValueInvalid"
    """The API's machine reason: ``FieldValueInvalid``, ``FieldValueRequired``, ``FieldValueForbidden`` ..."""


def _nothing(document: Json) -> None:
    """Change nothing."""


def _keep(document: Json, old: Json) -> None:
    """Change nothing on update."""


def _valid(document: Json, old: Json | None) -> list[FieldError]:
    """Find nothing wrong."""
    return []


def _no_fields(document: Json) -> Mapping[str, str]:
    """Select on nothing but metadata."""
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A resource kind: names, table, defaults, rules.

    Callables get plain JSON objects. ``default``, ``on_create`` and ``on_update`` change a private copy in place.
    """

    group: str
    """Empty for the core group."""
    version: str
    kind: str
    plural: str
    singular: str
    namespaced: bool
    columns: tuple[Column, ...]
    """After the name column and before the age column, which the machinery adds itself."""
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    """Among ``status``, ``scale``, ``log``, ``binding``, ``eviction``, ``token``."""
    age_column: bool = True
    default: Callable[[Json], None] = _nothing
    """Fill in what the API server fills in when a field is absent; idempotent."""
    on_create: Callable[[Json], None] = _nothing
    """Strategy for creation: drop what clients may not set, begin status."""
    on_update: Callable[[Json, Json], None] = _keep
    """(new, old): keep what a write to the main resource may not change (status), bump generation when spec differs."""
    validate: Callable[[Json, Json | None], list[FieldError]] = _valid
    """(new, old or None): semantic rules beyond the schema, immutable fields included."""
    selectable_fields: Callable[[Json], Mapping[str, str]] = field(default=_no_fields)
    """Values for field selectors beyond ``metadata.name`` and ``metadata.namespace``."""

    @property
    def api_version(self) -> str:
        """``apps/v1`` or ``v1``."""
        return f"{self.group}/{self.version}" if self.group else self.version


@cache
def all_kinds() -> Mapping[tuple[str, str], Kind]:
    """Every kind by (group, plural), in the order of module names.

    Raises:
        AuthorError: when two modules define the same kind, or a module cannot be loaded or defines none.
    """
    found: dict[tuple[str, str], Kind] = {}
    for kinds in defined("opsrange.kube.kinds", "KINDS", tuple).values():
        for kind in kinds:
            if found.setdefault((kind.group, kind.plural), kind) is not kind:
                raise AuthorError(f"kind {kind.plural}.{kind.group} is defined twice; remove one")
    return found
