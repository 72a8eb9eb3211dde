"""kubectl's command line as data: verb, target, flags, and whether it asks for a change.

The flags of each verb come from kubectl's own help and lie beside this module as JSON.

Belongs here: kubectl's grammar. Does not: the shell's (``shell``), its error words (``mistakes``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from importlib import resources

from opsrange.kube.kind import all_kinds

WRITES = frozenset(
    [
        "annotate",
        "apply",
        "autoscale",
        "cordon",
        "create",
        "delete",
        "drain",
        "edit",
        "expose",
        "label",
        "patch",
        "replace",
        "run",
        "scale",
        "set",
        "taint",
        "uncordon",
    ]
)
_READS = frozenset({"list", "help"})
"""Flags that make a read of a write."""
_ROLLOUT_WRITES = frozenset({"pause", "restart", "resume", "undo"})
_TYPED = frozenset(
    [
        "annotate",
        "autoscale",
        "delete",
        "describe",
        "edit",
        "events",
        "expose",
        "get",
        "label",
        "patch",
        "rollout",
        "scale",
        "set",
        "wait",
    ]
)
"""Verbs whose first arguments are a type and names."""
_POD_FIRST = {"attach", "debug", "exec", "logs", "port-forward"}
_NODE_FIRST = {"cordon", "drain", "taint", "uncordon"}
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Kubectl:
    """One invocation."""

    verb: str
    """``get``, ``rollout undo``, ``set image``; empty when none was given."""
    kinds: tuple[str, ...] = ()
    """As Kubernetes writes them (``Deployment``) where the type is known."""
    names: tuple[str, ...] = ()
    namespace: str = ""
    """As given; empty for the current one."""
    flags: Mapping[str, str] = field(default_factory=dict)
    """By long name; a flag without a value has ``true``."""
    rest: tuple[str, ...] = ()
    """Positional arguments beyond type and names: ``NAME=VALUE`` pairs."""

    @property
    def word(self) -> str:
        """The verb's first word."""
        return self.verb.split(" ")[0]

    @property
    def asks_for_change(self) -> bool:
        """Whether it would change the cluster if it worked."""
        if self.flags.get("dry-run", "none") != "none" or _READS & self.flags.keys():
            return False
        if self.word == "rollout":
            return self.verb.partition(" ")[2] in _ROLLOUT_WRITES
        return self.word in WRITES

    @property
    def targets(self) -> tuple[str, ...]:
        """``Kind/name`` of everything it names."""
        kind = self.kinds[0] if len(self.kinds) == 1 else ""
        return tuple(name if "/" in name else f"{kind}/{name}" for name in self.names)


@cache
def _grammar() -> Mapping[str, Mapping[str, Mapping[str, Sequence[str]]]]:
    text = (
        resources.files("opsrange.diagnosis.commands").joinpath("kubectl_grammar.json").read_text()
    )
    document = json.loads(text)
    return {"": {"": document["global"]}, "verbs": document["verbs"]}


@cache
def verbs() -> frozenset[str]:
    """First words of every command that kubectl has."""
    return frozenset(verb.split(" ")[0] for verb in _grammar()["verbs"])


@cache
def every_verb() -> frozenset[str]:
    """Every command that kubectl has, in full: ``set env``."""
    return frozenset(_grammar()["verbs"])


@cache
def flags_of(verb: str) -> Mapping[str, Sequence[str]]:
    """Flags by long name, each with its letter (or nothing) and its type."""
    found = _grammar()["verbs"]
    return {
        **_grammar()[""][""],
        **found.get(verb.split(" ", maxsplit=1)[0], {}),
        **found.get(verb, {}),
    }


@cache
def kinds_by_word() -> Mapping[str, str]:
    """Kinds by every word that means them: plural, singular, short name, kind."""
    known: dict[str, str] = {}
    for kind in all_kinds().values():
        for word in (kind.plural, kind.kind.lower(), *kind.short_names):
            known.setdefault(word, kind.kind)
    return known


def kind_named(word: str) -> str:
    """The kind a type argument means; empty when unknown. ``deployments.apps`` is understood."""
    return kinds_by_word().get(word.lower().partition(".")[0], "")


def typo_of(word: str, known: Sequence[str] | frozenset[str]) -> str:
    """The known word that an unknown one was meant to be; empty when it resembles none: then it was invented."""
    return next(iter(get_close_matches(word, sorted(known), n=1, cutoff=0.75)), "")


def parse_kubectl(arguments: Sequence[str]) -> Kubectl:
    """Take an invocation apart.

    Args:
        arguments: the words after ``kubectl``.
    """
    flags, words = _split(arguments)
    words, rest = _pairs_apart(words)
    verb, words = _verb(words)
    kinds: list[str] = []
    names: list[str] = []
    if verb.split(" ")[0] in _POD_FIRST:
        names = [_slashed(word) for word in words[:1]]
        kinds = [] if names and "/" in names[0] else ["Pod"]
    elif verb.split(" ")[0] in _NODE_FIRST or verb.startswith("top "):
        kinds = ["Pod" if verb == "top pod" else "Node"]
        names = [word.rpartition("/")[2] for word in words]
    elif verb.split(" ")[0] in _TYPED and words:
        kinds, names = _typed(words)
    elif verb.startswith("create ") and words:
        kinds = [kind_named(verb.split(" ")[1])]
        names = [words[-1]]
    return Kubectl(
        verb=verb,
        kinds=tuple(kind for kind in kinds if kind),
        names=tuple(name for name in names if name),
        namespace=flags.get("namespace", ""),
        flags=flags,
        rest=tuple(rest),
    )


def _typed(words: Sequence[str]) -> tuple[list[str], list[str]]:
    if "/" in words[0]:
        named = [_slashed(word) for word in words if "/" in word]
        return list(dict.fromkeys(name.partition("/")[0] for name in named)), named
    kinds = [kind_named(word) for word in words[0].split(",")]
    return kinds, list(words[1:])


def _slashed(word: str) -> str:
    kind, slash, name = word.partition("/")
    return f"{kind_named(kind)}/{name}" if slash else word


def _verb(words: list[str]) -> tuple[str, list[str]]:
    if not words:
        return "", []
    two = " ".join(words[:2])
    if two in _grammar()["verbs"]:
        return two, words[2:]
    return words[0], words[1:]


def _pairs_apart(words: list[str]) -> tuple[list[str], list[str]]:
    """Positional ``NAME=VALUE`` and ``NAME-`` arguments apart from types and names."""
    pairs = [word for word in words if "=" in word or (word.endswith("-") and len(word) > 1)]
    return [word for word in words if word not in pairs], pairs


def _split(arguments: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Flags by long name, and positional words; a flag's type decides whether it swallows the next word."""
    flags: dict[str, str] = {}
    words: list[str] = []
    queue = list(arguments)
    while queue:
        word = queue.pop(0)
        if word == "--":
            break
        if not word.startswith("-") or word == "-":
            words.append(word)
            continue
        name, equals, value = word.lstrip("-").partition("=")
        known = flags_of(_verb(words)[0])
        if not word.startswith("--"):
            name, value, equals = _short(word, known)
        kind = known.get(name, ("", "string" if equals else "bool"))[1]
        if not equals and kind != "bool" and queue and name != "dry-run":
            value = queue.pop(0)
        flags[name] = value or "true"
    return flags, words


def _short(word: str, known: Mapping[str, Sequence[str]]) -> tuple[str, str, str]:
    """Long name, value and whether a value was attached, of ``-n`` or ``-oyaml``."""
    letter, attached = word[1:2], word[2:].removeprefix("=")
    for name, (short, kind) in known.items():
        if short and short == letter:
            return name, attached if kind != "bool" else "", "=" if attached else ""
    defaults = {
        "h": "help",
        "n": "namespace",
        "o": "output",
        "l": "selector",
        "f": "filename",
        "p": "patch",
    }
    return defaults.get(letter, letter), attached, "=" if attached else ""
