"""Rule files: Prometheus' YAML, read strictly.

Belongs here: what rules say. Does not: their evaluation (``alerting``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

import yaml

from opsrange.errors import AuthorError, OperatorError
from opsrange.telemetry.promql.plan import parse
from opsrange.telemetry.promql.values import PromqlError
from opsrange.types import parse_duration_ms

EVALUATION_INTERVAL_MS = 30_000


@dataclass(frozen=True, slots=True)
class Rule:
    """A recording rule, or an alerting rule when ``alert`` is true."""

    name: str
    alert: bool
    expr: str
    for_ms: int = 0
    keep_firing_for_ms: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Group:
    """Rules that are evaluated together, in order."""

    name: str
    interval_ms: int
    rules: Sequence[Rule]


def default_rules() -> str:
    """The rule files that ship with the package, as one text of several YAML documents."""
    folder = resources.files("opsrange.telemetry") / "rules"
    files = sorted(
        (f for f in folder.iterdir() if f.name.endswith(".yaml")), key=lambda file: file.name
    )
    return "\n---\n".join(file.read_text(encoding="utf-8") for file in files)


def read_rules(text: str) -> list[Group]:
    """Read rule files.

    Args:
        text: one or several YAML documents, each with ``groups``.

    Raises:
        AuthorError: when it is no such file, or an expression does not parse.
    """
    try:
        documents = [document for document in yaml.safe_load_all(text) if document is not None]
        return [_group(group) for document in documents for group in document["groups"]]
    except (yaml.YAMLError, KeyError, TypeError, AttributeError, OperatorError) as error:
        raise AuthorError(
            f"asked for alert rules; found {type(error).__name__}: {error}; "
            "write them as a Prometheus rule file, see telemetry/rules/"
        ) from error


def _group(document: Mapping[str, Any]) -> Group:
    _only(document, ("name", "interval", "limit", "rules"), "rule group")
    interval = document.get("interval")
    return Group(
        str(document["name"]),
        parse_duration_ms(str(interval)) if interval else EVALUATION_INTERVAL_MS,
        tuple(_rule(rule) for rule in document["rules"]),
    )


def _rule(document: Mapping[str, Any]) -> Rule:
    known = ("record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations")
    _only(document, known, "rule")
    alert = "alert" in document
    name, expr = str(document["alert" if alert else "record"]), str(document["expr"]).strip()
    try:
        parse(expr)
    except PromqlError as error:
        raise AuthorError(f"rule {name}: {error.message} in {expr!r}; correct the rule") from error
    return Rule(
        name,
        alert,
        expr,
        parse_duration_ms(str(document.get("for", "0s"))),
        parse_duration_ms(str(document.get("keep_firing_for", "0s"))),
        {str(key): str(value) for key, value in (document.get("labels") or {}).items()},
        {str(key): str(value) for key, value in (document.get("annotations") or {}).items()},
    )


def _only(document: Mapping[str, Any], known: Sequence[str], what: str) -> None:
    unknown = [key for key in document if key not in known]
    if unknown:
        raise AuthorError(f"a {what} has {unknown[0]!r}; it may have {', '.join(known)}")
