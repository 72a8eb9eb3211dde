"""Lists of things to do that an agent writes for itself, and whether each was tried.

Belongs here: reading lists. Does not: rules about them (``classes``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from opsrange.diagnosis.commands.kubectl import WRITES
from opsrange.diagnosis.reading import Reading
from opsrange.shell import Simple

_MARK = re.compile(r"^\s*(?:\d+[.)]|[-*]( \[ ?\])?|\[ ?\])\s+(?P<item>\S.*)$")
_ITEMS_MIN = 2
_PROGRAMS = (".json", ".py", ".sh", ".yaml", ".yml")
"""Files in which a dash begins no item of a list of things to do."""
_ANY_WRITE = WRITES | {"rollout"}
_EDITS = frozenset({"patch", "apply", "replace", "edit", "set"})
_ACTS: tuple[tuple[str, AbstractSet[str]], ...] = (
    (r"uncordon", {"uncordon"}),
    (r"cordon", {"cordon", "drain"}),
    (r"drain", {"drain", "cordon"}),
    (r"resum", {"rollout resume"}),
    (r"paus", {"rollout pause"}),
    (r"scal", {"scale", "autoscale", "patch"}),
    (r"restart", {"rollout restart", "delete"}),
    (r"roll ?back|revert|undo|restor|put back", _EDITS | {"rollout undo", "scale", "create"}),
    (r"delet|remov|clean", {"delete", "label", "annotate", *_EDITS}),
    (r"annotat", {"annotate", *_EDITS}),
    (r"label", {"label", *_EDITS}),
    (r"repair|fix|correct|chang|updat|patch|rais|increas|lower|set", _ANY_WRITE),
)
"""How an item begins, and the verbs of kubectl that do it; anything else is no change, and not followed here."""
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{2,}")


@dataclass(frozen=True, slots=True)
class Item:
    """Something to be done to the estate."""

    text: str
    stem: str
    verbs: AbstractSet[str]
    about: AbstractSet[str]
    """The names it holds of what the attempt knows."""


def lists(reading: Reading) -> Iterator[tuple[int, list[Item]]]:
    """Every list that was written into a file, with the step that wrote it."""
    for at in range(reading.end):
        for simple, _ in reading.calls[at]:
            items = [
                item for line in _written(simple) if (item := _item(line, reading.names_handled))
            ]
            if len(items) >= _ITEMS_MIN:
                yield at, items


def untried(reading: Reading, since: int, items: list[Item]) -> list[Item]:
    """The items that no later command tries; a command stands for one item only, the first that it fits by name.

    Args:
        reading: of the attempt.
        since: the step that wrote the list.
        items: of the list.
    """
    left = list(items)
    for at in range(since + 1, reading.end):
        for call in reading.kubectl(at):
            fits = [
                item
                for item in left
                if item.verbs & {call.verb, call.word} and _about(reading, at, item)
            ]
            if call.asks_for_change and fits:
                first = min(fits, key=lambda item: not item.about)
                done = fits if _loops(reading, at) else [first]
                left = [item for item in left if item not in done]
    return left


def _loops(reading: Reading, at: int) -> bool:
    return any(simple.looped for simple, _ in reading.calls[at])


def _written(simple: Simple) -> list[str]:
    """The lines that a command writes into a file."""
    if not simple.written and simple.tool not in {"tee", "echo", "printf"}:
        return []
    if any(name.endswith(_PROGRAMS) for name in (*simple.written, *simple.arguments)):
        return []
    text = "\n".join([simple.heredoc, *simple.arguments])
    return text.replace("\\n", "\n").splitlines()


def _item(line: str, known: AbstractSet[str]) -> Item | None:
    found = _MARK.match(line)
    if found is None:
        return None
    words = re.sub(r"^kubectl( -n \S+| --namespace[= ]\S+)* ", "", found["item"].strip().lower())
    for begins, verbs in _ACTS:
        if match := re.match(rf"({begins})[a-z]*(?=\s|$)", words.removeprefix("rollout ")):
            about = frozenset(_NAME.findall(words)) & known
            if not about and verbs is _ANY_WRITE:
                return None  # nobody can tell what it means
            return Item(found["item"].strip(), match[1], verbs, about)
    return None


def _about(reading: Reading, at: int, item: Item) -> bool:
    said = set(_NAME.findall(reading.steps[at].command.lower()))
    touched = {entity.rpartition("/")[2].lower() for entity in reading.named_in(at)}
    return not item.about or bool(item.about & (said | touched))
