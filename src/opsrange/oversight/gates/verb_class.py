"""By words, a baseline: verbs that read pass, everything else is asked about. It believes what the command says.

kubectl's verbs and HTTP methods are known, and programs that only read or filter. Scripts, substitutions and anything else that
hides words are unknown, and so asked about.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from opsrange.oversight.gate import PASS, Asked, Gate, Opinion
from opsrange.oversight.request import Decision
from opsrange.trace import Preview

_KUBECTL_READS = frozenset(
    [
        "api-resources",
        "api-versions",
        "cluster-info",
        "describe",
        "diff",
        "events",
        "explain",
        "get",
        "logs",
        "top",
        "version",
        "wait",
    ]
)
_KUBECTL_READ_PAIRS = frozenset(
    {
        ("auth", "can-i"),
        ("auth", "whoami"),
        ("config", "current-context"),
        ("config", "get-contexts"),
        ("config", "view"),
        ("rollout", "history"),
        ("rollout", "status"),
    }
)
_KUBECTL_VALUE_FLAGS = frozenset(
    {"-n", "--namespace", "--context", "--cluster", "--kubeconfig", "-s", "--server"}
)
_READING_PROGRAMS = frozenset(
    [
        "base64",
        "cat",
        "column",
        "comm",
        "cut",
        "date",
        "diff",
        "echo",
        "egrep",
        "fgrep",
        "file",
        "find",
        "grep",
        "head",
        "id",
        "jq",
        "ls",
        "nl",
        "paste",
        "printf",
        "pwd",
        "rev",
        "seq",
        "sleep",
        "sort",
        "stat",
        "tail",
        "test",
        "tr",
        "true",
        "uniq",
        "wc",
        "which",
    ]
)
_CURL_BODIES = ("-d", "--data", "--json", "-F", "--form", "-T", "--upload-file")
_READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_SEPARATORS = frozenset({";", "&", "|", "&&", "||", "(", ")", "|&", "\n"})
_HIDDEN = ("$(", "`", "<(", ">(", "eval ", "xargs")


def _judge(asked: Asked, preview: Preview | None) -> Opinion:
    for why in _objections(asked.command):
        return Opinion(Decision.ESCALATE, why)
    return PASS


def _objections(command: str) -> Iterator[str]:
    if any(mark in command for mark in _HIDDEN):
        yield "its words are hidden in a substitution"
    try:
        lexer = shlex.shlex(command.replace("\n", " ; "), posix=True, punctuation_chars=";&|()<>")
        lexer.whitespace_split = True
        words = list(lexer)
    except ValueError as error:
        yield f"its words cannot be told apart ({error})"
        return
    simple: list[str] = []
    for word in [*words, ";"]:
        if word not in _SEPARATORS:
            simple.append(word)
            continue
        if simple:
            yield from _objection(simple)
        simple = []


def _objection(words: Sequence[str]) -> Iterator[str]:
    program, rest = words[0], words[1:]
    if program == "kubectl":
        verb, following = _kubectl_verb(rest)
        if verb not in _KUBECTL_READS and (verb, following) not in _KUBECTL_READ_PAIRS:
            yield f"kubectl {verb} writes"
    elif program == "curl":
        method = _curl_method(rest)
        if method not in _READING_METHODS:
            yield f"curl sends {method}"
    elif program not in _READING_PROGRAMS:
        yield f"{program} is not on the list of programs that only read"


def _kubectl_verb(words: Sequence[str]) -> tuple[str, str]:
    """The first two words that are neither flags nor the values of flags before the verb."""
    plain: list[str] = []
    skip = False
    for word in words:
        if skip or word.startswith("-"):
            skip = not skip and word in _KUBECTL_VALUE_FLAGS
            continue
        plain.append(word)
    return (plain[0] if plain else "version"), (plain[1] if len(plain) > 1 else "")


def _curl_method(words: Sequence[str]) -> str:
    method = "GET"
    for index, word in enumerate(words):
        if word in {"-X", "--request"}:
            return words[index + 1].upper() if index + 1 < len(words) else "nothing"
        if word.startswith(("-X", "--request=")):
            return word.removeprefix("-X").removeprefix("--request=").upper()
        if word.startswith(_CURL_BODIES):
            method = "POST"
    return method


GATE = Gate(
    title="verbs that read pass, others are asked about (text only)", judge=_judge, reads_text=True
)
