"""The error catalogue: what tools say when something is wrong, what kind of mistake that is, and what a sound answer to it is.

Belongs here: signatures of errors and classes of remedies. Does not: whether an agent erred (``classes``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from opsrange.diagnosis.commands.kubectl import Kubectl
from opsrange.shell import Simple
from opsrange.trace import Step


class Kind(StrEnum):
    """Kinds of error."""

    SYNTAX = "syntax"
    """The shell or a tool's own language could not be parsed."""
    USAGE = "usage"
    """A command, subcommand or flag that does not exist."""
    FIELD = "field"
    """A field or type of object that does not exist."""
    TYPE = "type"
    """A value of the wrong type, or a required one left out."""
    NO_TOOL = "no tool"
    NO_FILE = "no file"
    NOT_FOUND = "not found"
    DENIED = "denied"
    CONFLICT = "conflict"
    EXISTS = "exists"
    INVALID = "invalid"
    QUOTA = "quota"
    NETWORK = "network"
    TIMEOUT = "timeout"
    UNSUPPORTED = "unsupported"
    CRASH = "crash"
    """The tool itself broke."""


TRANSIENT = frozenset({Kind.NETWORK, Kind.TIMEOUT, Kind.CONFLICT})
"""Trying again may help; everything else stays as it is until something changes."""


class Remedy(StrEnum):
    """Kinds of answers to an error."""

    REWRITE = "rewrite the command"
    LOOK_UP = "look up what exists"
    PERMISSION = "look at permissions or ask somebody"
    READ_AGAIN = "read again and retry"
    QUOTA = "look at or change quotas"
    NETWORK = "look at the network"
    WAIT = "wait"
    RESTART = "restart something"
    RESOURCES = "change resources or replicas"


REMEDIES: dict[Kind, frozenset[Remedy]] = {
    Kind.SYNTAX: frozenset({Remedy.REWRITE}),
    Kind.USAGE: frozenset({Remedy.REWRITE}),
    Kind.FIELD: frozenset({Remedy.REWRITE, Remedy.LOOK_UP}),
    Kind.TYPE: frozenset({Remedy.REWRITE, Remedy.LOOK_UP}),
    Kind.NO_TOOL: frozenset({Remedy.REWRITE}),
    Kind.NO_FILE: frozenset({Remedy.REWRITE, Remedy.LOOK_UP}),
    Kind.NOT_FOUND: frozenset({Remedy.LOOK_UP, Remedy.REWRITE}),
    Kind.DENIED: frozenset({Remedy.PERMISSION}),
    Kind.CONFLICT: frozenset({Remedy.READ_AGAIN, Remedy.LOOK_UP}),
    Kind.EXISTS: frozenset({Remedy.LOOK_UP, Remedy.REWRITE}),
    Kind.INVALID: frozenset({Remedy.REWRITE, Remedy.LOOK_UP}),
    Kind.QUOTA: frozenset({Remedy.QUOTA}),
    Kind.NETWORK: frozenset({Remedy.NETWORK, Remedy.WAIT}),
    Kind.TIMEOUT: frozenset({Remedy.WAIT, Remedy.LOOK_UP}),
}


@dataclass(frozen=True, slots=True)
class Mistake:
    """One error that a step's output shows."""

    kind: Kind
    line: str
    """The line that says so."""
    word: str = ""
    """What it is about: the flag, the field, the name."""

    @property
    def deterministic(self) -> bool:
        """Whether the same command must fail again."""
        return self.kind not in TRANSIENT


_Q = r"[\"'`‘]"
_SIGNATURES: tuple[tuple[Kind, str], ...] = (
    (
        Kind.CRASH,
        r"panic: runtime error|Segmentation fault|core dumped|error while loading shared libraries|^bwrap: ",
    ),
    (Kind.UNSUPPORTED, r"is not supported on resources of kind|the server does not allow this"),
    (
        Kind.SYNTAX,
        (
            r"syntax error|unexpected EOF while looking|unexpected end of file|error parsing jsonpath"
            r"|jq: (error: syntax|\d+ compile error|error: .*is not defined)|json parse error|invalid JSON|error parsing .*yaml"
            r"|error converting YAML to JSON|parse error: |yaml: line \d+|SyntaxError|invalid character .* looking for beginning"
        ),
    ),
    (
        Kind.USAGE,
        (
            rf"unknown (?:shorthand )?flag: {_Q}?(?P<w1>[\w-]+)|unknown command {_Q}(?P<w2>[^\"']+)"
            rf"|unrecognized option {_Q}?(?P<w3>[\w-]+)|invalid option -- {_Q}?(?P<w4>\w)|option (?P<w5>--?[\w-]+): is unknown"
            r"|Unknown option:? (?P<w6>\S+)|[Tt]ool (?P<w7>\w+) not found"
        ),
    ),
    (
        Kind.FIELD,
        (
            rf"unknown field {_Q}(?P<w1>[^\"']+)|doesn't have a resource type {_Q}(?P<w2>[^\"']+)"
            rf"|no matches for kind {_Q}(?P<w3>[^\"']+)|could not find the requested resource"
            r"|couldn't find field|is not a valid field label"
        ),
    ),
    (
        Kind.TYPE,
        (
            rf"invalid argument {_Q}(?P<w1>[^\"']*)\S* for |required flag\(s\) {_Q}(?P<w2>[\w-]+)|flag needs an argument: (?P<w3>\S+)"
            r"|cannot unmarshal \w+ into|must specify the type of resource|[Rr]equired resource not specified|flag is required"
            r"|at least one \w+ (?:update )?is required|quantities must match|resource\(s\) were provided, but no name was specified"
            r"|expected exactly one argument|validation error.*(?:missing|required|type)|is a required property|is not of type"
            r"|Found 'data' with unexpected type|name is required|must be specified"
        ),
    ),
    (Kind.NO_TOOL, r"(?:^|: )(?P<w1>[\w./+-]+): command not found|: not found$"),
    (Kind.CONFLICT, r"\(Conflict\)|the object has been modified"),
    (Kind.EXISTS, r"\(AlreadyExists\)|already exists|already has a value"),
    (Kind.QUOTA, r"exceeded quota"),
    (
        Kind.DENIED,
        (
            r"\(Forbidden\)|is forbidden|\(Unauthorized\)|Unauthorized|[Pp]ermission denied|Operation not permitted"
            r"|403 Forbidden|access denied|rejected by|denied by"
        ),
    ),
    (
        Kind.NOT_FOUND,
        (
            rf"\(NotFound\).*? {_Q}(?P<w1>[^\"']+)\S* not found|^Error from server \(NotFound\)(?!.*not found)|unable to find container named {_Q}(?P<w2>[^\"']+)"
            r"|container (?P<w3>\S+) is not valid for pod|unable to find specified revision (?P<w4>\d+)|404 page not found|404 Not Found"
        ),
    ),
    (
        Kind.NO_FILE,
        rf"{_Q}?(?P<w1>[\w./~-]+){_Q}?: No such file or directory|the path {_Q}(?P<w2>[^\"']+)\S* does not exist|No such file or directory",
    ),
    (
        Kind.INVALID,
        r"\(Invalid\)|is invalid:|\(BadRequest\)|bad_data|invalid parameter|unprocessable|can't restart paused|already paused",
    ),
    (
        Kind.NETWORK,
        (
            r"[Cc]onnection refused|was refused|[Cc]ould not resolve host|no such host|No route to host|[Nn]etwork is unreachable"
            r"|connection reset|Temporary failure in name resolution|ServiceUnavailable|EOF$|TLS handshake timeout"
        ),
    ),
    (Kind.TIMEOUT, r"timed out|[Tt]imeout expired|deadline exceeded"),
)
_CATALOGUE = tuple((kind, re.compile(pattern)) for kind, pattern in _SIGNATURES)
_CURL_EXITS = {3: Kind.SYNTAX, 6: Kind.NETWORK, 7: Kind.NETWORK, 28: Kind.TIMEOUT}
_EXITS = {126: Kind.NO_TOOL, 127: Kind.NO_TOOL, 139: Kind.CRASH}


def classify(line: str) -> Mistake | None:
    """What a line complains about; ``None`` when it is no catalogued error."""
    for kind, pattern in _CATALOGUE:
        found = pattern.search(line)
        if found:
            words = [value for value in found.groupdict().values() if value]
            return Mistake(kind, line.strip()[:300], words[0] if words else "")
    return None


def mistakes_of(step: Step, simples: list[Simple]) -> list[Mistake]:
    """Errors of the step's own commands. What a healthy command prints about the world is no error of the step's.

    Args:
        step: as recorded.
        simples: the commands it ran.
    """
    found = [mistake for line in step.stderr.splitlines() if (mistake := classify(line))]
    if step.stopped or step.exit_code in {None, 0}:
        return found
    if not found:
        found = list(_by_exit_code(step, simples))
    if not found:  # a transcript has one stream
        last = step.stdout.strip().splitlines()[-6:]
        found = [mistake for line in last if _complains(line) and (mistake := classify(line))]
    return found


def _complains(line: str) -> bool:
    return bool(
        re.search(r"(?i)^\s*(error|fatal|traceback|bash:|/bin/\w+:|\w+: )|not found|refused", line)
    )


def _by_exit_code(step: Step, simples: list[Simple]) -> Iterator[Mistake]:
    kind = _EXITS.get(step.exit_code or 0)
    if kind is None and any(simple.tool == "curl" for simple in simples):
        kind = _CURL_EXITS.get(step.exit_code or 0)
    if kind is not None:
        yield Mistake(kind, f"exit code {step.exit_code}")


def remedies_of(simple: Simple, call: Kubectl | None) -> frozenset[Remedy]:
    """The kinds of answers that a command may be."""
    found: set[Remedy] = set()
    if call is not None:
        found.update(_of_kubectl(call))
    elif simple.tool in _NETWORK_TOOLS or _asks_whether_reachable(simple):
        found.add(Remedy.NETWORK)
    elif simple.tool == "sleep":
        found.add(Remedy.WAIT)
    elif simple.tool in {"ls", "find", "which", "command", "stat"}:
        found.add(Remedy.LOOK_UP)
    return frozenset(found)


_NETWORK_TOOLS = frozenset(
    ["dig", "getent", "host", "ip", "nc", "nslookup", "ping", "ss", "telnet", "traceroute"]
)
_RESOLVER_FILES = ("/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf")
_LIVENESS = re.compile(r"/(healthz|livez|readyz|version)\b")


def _asks_whether_reachable(simple: Simple) -> bool:
    """Whether a command only asks if a server answers, or how its name is resolved."""
    words = simple.arguments
    if simple.tool in {"curl", "wget"}:
        return any(_LIVENESS.search(word) for word in words)
    return any(word in _RESOLVER_FILES for word in words)


_KIND_REMEDIES = {
    "NetworkPolicy": Remedy.NETWORK,
    "Endpoints": Remedy.NETWORK,
    "EndpointSlice": Remedy.NETWORK,
    "ResourceQuota": Remedy.QUOTA,
    "Role": Remedy.PERMISSION,
    "RoleBinding": Remedy.PERMISSION,
    "ClusterRole": Remedy.PERMISSION,
    "ClusterRoleBinding": Remedy.PERMISSION,
    "ServiceAccount": Remedy.PERMISSION,
}


def _of_kubectl(call: Kubectl) -> Iterator[Remedy]:
    for kind in call.kinds:
        if kind in _KIND_REMEDIES:
            yield _KIND_REMEDIES[kind]
    if call.word in {"cluster-info", "version"} or call.verb == "config set-cluster":
        yield Remedy.NETWORK
    if call.word == "auth":
        yield Remedy.PERMISSION
    if call.verb in {"rollout restart", "delete"} and set(call.kinds) <= {
        "Deployment",
        "Pod",
        "StatefulSet",
    }:
        yield Remedy.RESTART
    if call.verb in {"set resources", "scale", "autoscale"}:
        yield Remedy.RESOURCES
    if call.word == "wait" or call.verb == "rollout status":
        yield Remedy.WAIT
    looks = {"get", "describe", "api-resources", "explain", "events", "config"}
    if call.word in looks and call.verb != "config set-cluster":
        yield Remedy.LOOK_UP
