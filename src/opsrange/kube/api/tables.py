"""Tables: what ``kubectl get`` shows, rendered by the server at the world's instant.

Belongs here: assembling a ``Table`` from a kind's columns. Does not: the columns themselves (``kinds``).
"""

from __future__ import annotations

from collections.abc import Iterable

from opsrange.kube.fields.cells import AGE
from opsrange.kube.kind import Column, Kind
from opsrange.types import Json

_NAME = Column("Name", lambda document, _: str(document["metadata"]["name"]), format="name")


def _columns(kind: Kind) -> tuple[Column, ...]:
    first = () if any(column.format == "name" for column in kind.columns) else (_NAME,)
    wide = [column for column in kind.columns if column.priority]
    narrow = [column for column in kind.columns if not column.priority]
    if not kind.age_column:
        return (*first, *kind.columns)
    return (*first, *narrow, AGE, *wide)


def column_definitions(kind: Kind) -> list[Json]:
    """The header of a kind's table."""
    return [
        {
            "name": column.name,
            "type": column.type,
            "format": column.format,
            "description": "",
            "priority": column.priority,
        }
        for column in _columns(kind)
    ]


def rows(kind: Kind, documents: Iterable[Json], now_ms: int, include: str) -> list[Json]:
    """One row per object.

    Args:
        kind: of every object.
        documents: to be shown.
        now_ms: the present instant, for ages.
        include: ``None``, ``Metadata`` or ``Object``: how much of each object goes with its row.
    """
    columns = _columns(kind)
    table: list[Json] = []
    for document in documents:
        row: Json = {"cells": [column.value(document, now_ms) for column in columns]}
        if include == "Object":
            row["object"] = document
        elif include != "None":
            row["object"] = partial(document)
        table.append(row)
    return table


def partial(document: Json) -> Json:
    """An object's metadata alone."""
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": document["metadata"],
    }


def table(kind: Kind, body: list[Json], resource_version: str, *, header: bool = True) -> Json:
    """A ``Table`` document of rows."""
    document: Json = {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": resource_version},
        "columnDefinitions": column_definitions(kind) if header else None,
        "rows": body,
    }
    return document
