"""By words, a baseline: verbs that read pass, everything else is asked about. It believes what the command says.

kubectl's verbs and HTTP methods are known, and programs that only read or filter. Scripts, variables, substitutions and anything else
that hides words are unknown, and so asked about. What a file of the seat's makes a program do is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from opsrange.oversight.gate import PASS, Asked, Gate, Opinion
from opsrange.oversight.request import Decision
from opsrange.shell import parse
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
_KUBECTL_SWITCHES = frozenset(
    {"-h", "--help", "--insecure-skip-tls-verify", "--match-server-version"}
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
_ACTING_ARGUMENTS = {
    "find": ("-exec", "-ok", "-delete", "-fprint", "-fls"),
    "printf": ("-v",),
    "sort": ("--co",),
}
"""What makes a reading program run, delete or set something."""
_CURL_VALUES = frozenset("AbcCDeEhHmoPrtuUwxyYz")
"""Short options that take a value, but those which decide the method."""
_CURL_BODIES = ("--da", "--js", "--fo")
_READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_HIDDEN = ("$(", "`", "<(", ">(", "<<", "$'", '$"')
_EXPANDED = frozenset("$*?[{~")
"""What the shell may make other words of."""


def _judge(asked: Asked, preview: Preview | None) -> Opinion:
    for why in _objections(asked.command):
        return Opinion(Decision.ESCALATE, why)
    return PASS


def _objections(command: str) -> Iterator[str]:
    if any(mark in command for mark in _HIDDEN):
        yield "its words are hidden in a substitution"
    script = parse(command)
    if script.error:
        yield f"its words cannot be told apart ({script.error})"
    for assigned in script.assigned:
        yield f"it sets {assigned}, which words may stand for"
    for simple in script.simples():
        yield from _objection(simple.argv[0], simple.argv[1:])


def _objection(program: str, rest: Sequence[str]) -> Iterator[str]:
    if program == "kubectl":
        yield from _kubectl(rest)
    elif program == "curl":
        yield from _curl(rest)
    elif program not in _READING_PROGRAMS:
        yield f"{program} is not on the list of programs that only read"
    elif program in _ACTING_ARGUMENTS:
        acting = _ACTING_ARGUMENTS[program]
        for word in rest:
            if word.startswith(acting) or "$" in word or (program == "find" and "{" in word):
                yield f"{program} {word} may do more than read"


def _kubectl(words: Sequence[str]) -> Iterator[str]:
    """Up to the verb, and the second word where it decides; flags must not be able to take either for their value."""
    plain: list[str] = []
    skip = False
    for word in words:
        if _EXPANDED & set(word):
            yield f"{word} may hide kubectl's verb"
        if skip:
            skip = False
        elif not word.startswith("-"):
            plain.append(word)
            if plain[0] in _KUBECTL_READS or tuple(plain) in _KUBECTL_READ_PAIRS:
                return
            if len(plain) == 2:
                break
        elif word in _KUBECTL_VALUE_FLAGS:
            skip = True
        elif "=" not in word and word[:2] not in {"-n", "-s"} and word not in _KUBECTL_SWITCHES:
            yield f"{word} may hide kubectl's verb"
    if plain:
        yield f"kubectl {' '.join(plain)} writes"


def _curl(words: Sequence[str]) -> Iterator[str]:
    methods, body, query = list[str](), False, False
    rest = iter(words)
    for word in rest:
        if "$" in word:
            yield f"{word} may hide what curl sends"
        if word.startswith("--"):
            name, _, value = word.partition("=")
            if name.startswith("--req"):
                methods.append(value or next(rest, ""))
            body = body or name.startswith(_CURL_BODIES)
            query = query or name == "--get"
            if name.startswith("--up"):
                methods.append("PUT")
            if name in {"--next", "--conf", "--confi", "--config", "--quote"}:
                yield f"curl {name} may send anything"
        elif word.startswith("-"):
            for at, option in enumerate(word[1:], start=2):
                if option in "K:Q":
                    yield f"curl -{option} may send anything"
                if option == "X":
                    methods.append(word[at:].removeprefix("=") or next(rest, ""))
                elif option == "T":
                    methods.append("PUT")
                body, query = body or option in "dF", query or option == "G"
                if option in _CURL_VALUES or option in "XTdF":
                    break
    if body and not query and not methods:
        methods.append("POST")
    for method in methods:
        if method.upper() not in _READING_METHODS:
            yield f"curl sends {method.upper() or 'nothing'}"


GATE = Gate(
    title="verbs that read pass, others are asked about (text only)", judge=_judge, reads_text=True
)
