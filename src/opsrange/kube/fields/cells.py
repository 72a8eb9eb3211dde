"""Words that many tables share."""

from __future__ import annotations

from collections.abc import Mapping

from opsrange.kube.fields.durations import age
from opsrange.kube.kind import Column
from opsrange.types import Json

NONE = "<none>"
UNSET = "<unset>"
UNKNOWN = "<unknown>"

NAME = Column("Name", lambda item, _: item["metadata"]["name"], format="name")
"""For tables whose first column is not the name."""

AGE = Column("Age", age)
"""For tables with columns after the age: such kinds set ``age_column=False`` and place this one."""

CREATED_AT = Column(
    "Created At", lambda item, _: item["metadata"].get("creationTimestamp", ""), type="date"
)
"""What kinds without columns of their own show instead of an age; with ``age_column=False``."""


def equality(labels: Mapping[str, str] | None) -> str:
    """A label mapping as ``a=b,c=d`` in key order, ``<none>`` when empty."""
    return ",".join(f"{key}={labels[key]}" for key in sorted(labels)) if labels else NONE


def selector(terms: Json | None) -> str:
    """A ``LabelSelector`` as kubectl prints it: ``a=b,tier in (x,y),!gone``."""
    if not terms:
        return NONE
    pieces = [(key, f"{key}={value}") for key, value in (terms.get("matchLabels") or {}).items()]
    for term in terms.get("matchExpressions") or ():
        key, values = term["key"], ",".join(sorted(term.get("values") or ()))
        text = {
            "In": f"{key} in ({values})",
            "NotIn": f"{key} notin ({values})",
            "Exists": key,
            "DoesNotExist": f"!{key}",
        }[term["operator"]]
        pieces.append((key, text))
    return ",".join(text for _, text in sorted(pieces, key=lambda piece: piece[0])) or NONE


def first_few(items: list[str], limit: int) -> str:
    """Up to ``limit`` items, then how many were left out; ``<none>`` when empty."""
    if not items:
        return NONE
    text = ",".join(items[:limit])
    return text if len(items) <= limit else f"{text} + {len(items) - limit} more..."


def count(title: str, part: str, field: str) -> Column:
    """A column of a number that counts as zero when it is absent.

    Args:
        title: of the column.
        part: ``spec`` or ``status``.
        field: within that part.
    """
    return Column(title, lambda item, _: int(item.get(part, {}).get(field) or 0), type="integer")


def access_modes(modes: list[str] | None) -> str:
    """Access modes of volumes, abbreviated, in the order kubectl uses."""
    short = {
        "ReadWriteOnce": "RWO",
        "ReadOnlyMany": "ROX",
        "ReadWriteMany": "RWX",
        "ReadWriteOncePod": "RWOP",
    }
    return ",".join(word for mode, word in short.items() if mode in (modes or ()))
