"""What a recorded request to the Kubernetes API was about.

Belongs here: reading paths and selectors. Does not: commands (``kubectl``).
"""

from __future__ import annotations

import re
from functools import cache

from opsrange.diagnosis.commands.kubectl import kind_named
from opsrange.trace import WorldRequest

_BY_NAME = re.compile(r"(?:^|[,./])(?:name|app|k8s-app|component) ?==? ?([^,]+)")
"""Terms of selectors that choose by name."""


@cache
def _kind_of_plural(plural: str) -> str:
    return kind_named(plural)


def entity_of(request: WorldRequest) -> str:
    """``namespace/Kind/name`` of what a request asked for; the name is empty for a collection, all of it for other APIs."""
    parts = [part for part in request.path.split("/") if part]
    if not request.address.startswith("kubernetes:") or parts[:1] not in (["api"], ["apis"]):
        return ""
    rest = parts[2:] if parts[0] == "api" else parts[3:]
    namespace = "cluster"
    if rest[:1] == ["namespaces"] and len(rest) > 2:
        namespace, rest = rest[1], rest[2:]
    if not rest:
        return ""
    return f"{namespace}/{_kind_of_plural(rest[0])}/{rest[1] if len(rest) > 1 else ''}"


def names_selected(request: WorldRequest) -> set[str]:
    """The names to which selectors narrow a list; empty when they do not narrow it by name."""
    written = [
        *request.query.get("labelSelector", []),
        *request.query.get("fieldSelector", []),
    ]
    return {found for text in written for found in _BY_NAME.findall(text)}
