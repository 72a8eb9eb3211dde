"""Failures on their way between processes: class, owner and message survive, objects do not."""

from __future__ import annotations

from collections.abc import Iterator

from opsrange.errors import OpsrangeError, WorldError
from opsrange.types import Json


def encode(error: OpsrangeError) -> Json:
    """A failure as JSON."""
    return {"class": type(error).__name__, "message": str(error)}


def decode(document: Json) -> OpsrangeError:
    """The failure :func:`encode` described; a ``WorldError`` when its class is not one of the tree's."""
    for kind in _tree(OpsrangeError):
        if kind.__name__ == document["class"]:
            return kind(document["message"])
    return WorldError(f"{document['class']}: {document['message']}")


def _tree(kind: type[OpsrangeError]) -> Iterator[type[OpsrangeError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _tree(child)
