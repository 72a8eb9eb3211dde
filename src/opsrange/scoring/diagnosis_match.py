"""Whether the causes an agent names are the true ones: code, not a judge.

The headline uses the policy ``workload-equal``: a Deployment, its ReplicaSets and its Pods are one thing to an
on-call engineer, while a Service or a ConfigMap of the same name is another. The score under every policy is
kept beside it, because the choice has been seen to move published scores by tens of points.

The rule is ITBench-AA's: nothing unless every root cause is named, and then the share of named things that
are root causes. Names that are one thing count once; a name that cannot be read is a wrong name.

Belongs here: names against truth. Does not: whether evidence supports a name.
"""

from __future__ import annotations

import re
from enum import StrEnum

from opsrange.scoring.evidence import Truth
from opsrange.scoring.safety_rules import Patterns
from opsrange.trace import Record, Report

NAME_CHARS_MAX = 512
"""Longer than any ``namespace/Kind/name`` Kubernetes can hold (63 + 63 + 253 characters)."""


class KindPolicy(StrEnum):
    """How much the kind of an object matters, from strictest to most lenient; each admits all that the one before does."""

    STRICT = "strict"
    """The declared entity, or a declared alias of the same kind."""
    WORKLOAD_EQUAL = "workload-equal"
    """Any declared alias, and any of the Deployment, StatefulSet, DaemonSet, ReplicaSet and Pods of one workload."""
    IGNORE_KIND = "ignore-kind"
    """Anything in the same namespace with the same (workload) name."""


HEADLINE_POLICY = KindPolicy.WORKLOAD_EQUAL

_WORKLOAD_KINDS = frozenset({"daemonset", "deployment", "pod", "replicaset", "statefulset"})
_SAFE = "[bcdfghjklmnpqrstvwxz2456789]"
"""The alphabet of Kubernetes' generated name suffixes."""
_POD_SUFFIX = re.compile(rf"(?:-{_SAFE}{{6,10}})?-{_SAFE}{{5}}|-\d+|-\*|-\.\*")
_REPLICA_SET_SUFFIX = re.compile(rf"-{_SAFE}{{6,10}}")
_PLURALS = {"networkpolicies": "networkpolicy", "ingresses": "ingress", "endpoints": "endpoints"}


class NameMatch(Record):
    """What one submitted name was taken for."""

    name: str
    cause: str | None
    """The root cause it stands for; ``None`` for a false positive."""
    why: str


class PolicyResult(Record):
    """The match under one kind policy."""

    policy: KindPolicy
    score: float
    """0 unless every root cause is named, else the precision."""
    precision: float
    recall: float
    true_positives: int
    false_positives: int
    false_negatives: int
    missed: list[str]
    names: list[NameMatch]


class DiagnosisResult(Record):
    """The diagnosis under the headline policy and under each other one."""

    score: float
    passed: bool
    """Every root cause named, and nothing else."""
    policy: KindPolicy
    by_policy: list[PolicyResult]

    def under(self, policy: KindPolicy) -> PolicyResult:
        """The result under one policy."""
        return next(result for result in self.by_policy if result.policy is policy)


class _Name:
    """A submitted or declared name, taken apart; kind lower-case and singular."""

    def __init__(self, text: str) -> None:
        parts = [part.strip() for part in text.strip().strip("`'\"").split("/")]
        self.readable = len(text) <= NAME_CHARS_MAX and len(parts) == 3 and all(parts)
        self.namespace, written_kind, self.name = parts if self.readable else ("", "", "")
        self.kind = _kind(written_kind)
        self.canonical = f"{self.namespace}/{written_kind}/{self.name}"

    @property
    def stem(self) -> str:
        """The workload a generated name belongs to."""
        suffix = {"pod": _POD_SUFFIX, "replicaset": _REPLICA_SET_SUFFIX}.get(self.kind)
        if suffix is None:
            return self.name
        found = re.fullmatch(rf"(.+?)(?:{suffix.pattern})", self.name)
        return found[1] if found else self.name


class _Cause:
    """One class of root causes that mean the same."""

    def __init__(self, entity: str, aliases: list[str]) -> None:
        self.entity = entity
        self.names = [_Name(entity)]
        self._aliases = [(alias, Patterns([alias])) for alias in aliases]

    def absorb(self, other: _Cause) -> None:
        self.names += other.names
        self._aliases += other._aliases

    def overlaps(self, other: _Cause) -> bool:
        return any(other.admits(name, KindPolicy.WORKLOAD_EQUAL) for name in self.names) or any(
            self.admits(name, KindPolicy.WORKLOAD_EQUAL) for name in other.names
        )

    def admits(self, given: _Name, policy: KindPolicy) -> bool:
        if not given.readable:
            return False
        return any(_same(given, name, policy) for name in self.names) or self._aliased(
            given, policy
        )

    def _aliased(self, given: _Name, policy: KindPolicy) -> bool:
        if policy is KindPolicy.STRICT and given.kind not in {name.kind for name in self.names}:
            return False
        return any(
            pattern.match(spelling)
            for alias, pattern in self._aliases
            for spelling in (given.canonical, _spelt_like(given, alias))
        )


def _spelt_like(given: _Name, alias: str) -> str:
    """The submitted name with the alias' own spelling of the kind, so that ``configmap`` meets ``ConfigMap``."""
    parts = alias.split("/")
    if len(parts) == 3 and _kind(parts[1]) == given.kind:
        return f"{given.namespace}/{parts[1]}/{given.name}"
    return given.canonical


def _kind(written: str) -> str:
    kind = written.lower().split(".")[0]
    if kind in _PLURALS:
        return _PLURALS[kind]
    return kind[:-1] if kind.endswith("s") and not kind.endswith("ss") else kind


def _same(given: _Name, true: _Name, policy: KindPolicy) -> bool:
    if given.namespace != true.namespace:
        return False
    if (given.kind, given.name) == (true.kind, true.name):
        return True
    if policy is KindPolicy.STRICT or given.stem != true.stem:
        return False
    both_workloads = {given.kind, true.kind} <= _WORKLOAD_KINDS
    return both_workloads or policy is KindPolicy.IGNORE_KIND


def match_diagnosis(report: Report | None, truth: Truth) -> DiagnosisResult:
    """Match a report to the truth under every kind policy.

    Args:
        report: what the agent handed in; ``None`` names nothing.
        truth: the answer key.

    Raises:
        AuthorError: when an alias of the truth does not compile.
    """
    causes = _classes(truth)
    submitted = list(dict.fromkeys(cause.entity for cause in report.root_causes)) if report else []
    results = [_match(submitted, causes, policy) for policy in KindPolicy]
    headline = next(result for result in results if result.policy is HEADLINE_POLICY)
    return DiagnosisResult(
        score=headline.score,
        passed=headline.score == 1,
        policy=HEADLINE_POLICY,
        by_policy=results,
    )


def _classes(truth: Truth) -> list[_Cause]:
    """Root causes with those that are one thing merged."""
    classes: list[_Cause] = []
    for declared in truth.root_causes:
        cause = _Cause(declared.entity, declared.aliases)
        for other in [known for known in classes if known.overlaps(cause)]:
            classes.remove(other)
            other.absorb(cause)
            cause = other
        classes.append(cause)
    return classes


def _match(submitted: list[str], causes: list[_Cause], policy: KindPolicy) -> PolicyResult:
    names = []
    for text in submitted:
        given = _Name(text)
        cause = next((cause for cause in causes if cause.admits(given, policy)), None)
        if cause is not None:
            why = "names the root cause"
        else:
            why = "not a root cause" if given.readable else "not a namespace/Kind/name"
        shown = text[:NAME_CHARS_MAX]
        names.append(NameMatch(name=shown, cause=cause.entity if cause else None, why=why))
    hit = {name.cause for name in names if name.cause is not None}
    missed = [cause.entity for cause in causes if cause.entity not in hit]
    false_positives = sum(name.cause is None for name in names)
    claimed = len(hit) + false_positives
    precision = len(hit) / claimed if claimed else 0.0
    return PolicyResult(
        policy=policy,
        score=precision if causes and not missed else 0.0,
        precision=precision,
        recall=len(hit) / len(causes) if causes else 0.0,
        true_positives=len(hit),
        false_positives=false_positives,
        false_negatives=len(missed),
        missed=missed,
        names=names,
    )
