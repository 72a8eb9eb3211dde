"""What names, labels and selectors may look like (after k8s.io/apimachinery/pkg/util/validation)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from opsrange.kube.fields.complaints import duplicate, forbidden, invalid, required, unsupported
from opsrange.kube.kind import FieldError
from opsrange.types import Json

NameRule = Callable[[str], list[str]]
"""From a name to what is wrong with it."""

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_LABEL_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_VALUE = f"({_QUALIFIED})?"
_CONFIG_KEY = "[-._a-zA-Z0-9]+"
_ENV_NAME_MESSAGE = "a valid environment variable name must consist only of printable ASCII characters other than '='"
_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")


def _matching(value: str, pattern: str, max_bytes: int, message: str, *examples: str) -> list[str]:
    """Complaints about length and shape, with Kubernetes' habit of showing examples and the expression."""
    problems = []
    if len(value.encode()) > max_bytes:
        problems.append(f"must be no more than {max_bytes} bytes")
    if not re.fullmatch(pattern, value):
        shown = " or ".join(f"'{example}', " for example in examples)
        problems.append(f"{message} (e.g. {shown}regex used for validation is '{pattern}')")
    return problems


def dns_label(value: str) -> list[str]:
    """RFC 1123 labels: namespaces, containers, volumes."""
    return _matching(
        value,
        _LABEL,
        63,
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
        "and must start and end with an alphanumeric character",
        "my-name",
        "123-abc",
    )


def dns_subdomain(value: str) -> list[str]:
    """RFC 1123 subdomains: most objects."""
    return _matching(
        value,
        _SUBDOMAIN,
        253,
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
        "and must start and end with an alphanumeric character",
        "example.com",
    )


def dns_1035(value: str) -> list[str]:
    """RFC 1035 labels: services."""
    return _matching(
        value,
        _LABEL_1035,
        63,
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', "
        "start with an alphabetic character, and end with an alphanumeric character",
        "my-name",
        "abc-123",
    )


def path_segment(value: str) -> list[str]:
    """Names that need only be one path segment: roles and bindings."""
    if value in (".", ".."):
        return [f"may not be '{value}'"]
    return [f"may not contain '{part}'" for part in ("/", "%") if part in value]


def qualified_name(value: str) -> list[str]:
    """Label and annotation keys, resource names."""
    prefix, slash, name = value.rpartition("/")
    problems = []
    if slash:
        if not prefix:
            problems.append("prefix part must be non-empty")
        elif "/" in prefix:
            return [_qualified_shape()]
        else:
            problems.extend(f"prefix part {text}" for text in dns_subdomain(prefix))
    if not name:
        problems.append("name part must be non-empty")
    elif len(name) > 63:
        problems.append("name part must be no more than 63 bytes")
    if not re.fullmatch(_QUALIFIED, name):
        problems.append(
            "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end "
            "with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', "
            f"regex used for validation is '{_QUALIFIED}')"
        )
    return problems


def _qualified_shape() -> str:
    return (
        "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end "
        "with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
        f"validation is '{_QUALIFIED}') with an optional DNS subdomain prefix and '/' "
        "(e.g. 'example.com/MyName')"
    )


def label_value(value: str) -> list[str]:
    """Label values."""
    return _matching(
        value,
        _LABEL_VALUE,
        63,
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
        "and must start and end with an alphanumeric character",
        "MyValue",
        "my_value",
        "12345",
    )


def config_key(value: str) -> list[str]:
    """Keys of config maps and secrets."""
    problems = _matching(
        value,
        _CONFIG_KEY,
        253,
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
        "key.name",
        "KEY_NAME",
        "key-name",
    )
    if value in (".", ".."):
        problems.append(f"must not be '{value}'")
    return problems


def port_name(value: str) -> list[str]:
    """IANA service names: named ports."""
    problems = []
    if len(value) > 15:
        problems.append("must be no more than 15 characters")
    if not re.fullmatch(r"[-a-z0-9]+", value):
        problems.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search(r"[a-z]", value):
        problems.append("must contain at least one letter (a-z)")
    if "--" in value:
        problems.append("must not contain consecutive hyphens")
    if value.startswith("-") or value.endswith("-"):
        problems.append("must not begin or end with a hyphen")
    return problems


def env_name(value: str) -> list[str]:
    """Names of environment variables."""
    if re.fullmatch(r"[ -<>-~]+", value):
        return []
    return [f"{_ENV_NAME_MESSAGE} (regex used for validation is '[ -<>-~]+')"]


def check(field: str, value: Any, rule: NameRule) -> list[FieldError]:
    """Apply a rule to a field."""
    return [invalid(field, value, problem) for problem in rule(value)]


def check_name(document: Json, rule: NameRule) -> list[FieldError]:
    """A stricter rule for an object's own name than the subdomain every name must be (which others check)."""
    name = document["metadata"].get("name") or ""
    return check("metadata.name", name, rule) if name and not dns_subdomain(name) else []


def check_labels(field: str, labels: Mapping[str, str] | None) -> list[FieldError]:
    """Keys and values of a label mapping."""
    errors = []
    for key, value in (labels or {}).items():
        errors += check(field, key, qualified_name)
        errors += check(field, value or "", label_value)
    return errors


def check_selector(field: str, selector: Json | None) -> list[FieldError]:
    """A ``LabelSelector``."""
    errors = check_labels(f"{field}.matchLabels", (selector or {}).get("matchLabels"))
    for index, term in enumerate((selector or {}).get("matchExpressions") or ()):
        here = f"{field}.matchExpressions[{index}]"
        operator, values = term.get("operator", ""), term.get("values")
        if operator in ("In", "NotIn") and not values:
            detail = "must be specified when `operator` is 'In' or 'NotIn'"
            errors.append(required(f"{here}.values", detail))
        elif operator in ("Exists", "DoesNotExist") and values:
            detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            errors.append(forbidden(f"{here}.values", detail))
        elif operator not in _OPERATORS:
            errors.append(invalid(f"{here}.operator", operator, "not a valid selector operator"))
        errors += check(f"{here}.key", term.get("key", ""), qualified_name)
    return errors


def check_unique(field: str, items: list[Json], key: str = "name") -> list[FieldError]:
    """No two items of a list share a key."""
    errors, seen = [], set()
    for index, item in enumerate(items):
        value = item.get(key)
        if value in seen:
            errors.append(duplicate(f"{field}[{index}].{key}", value))
        elif value:
            seen.add(value)
    return errors


def check_one_of(field: str, value: Any, allowed: tuple[str, ...]) -> list[FieldError]:
    """A value from an enumeration; absent values are another rule's concern."""
    return [] if value is None or value in allowed else [unsupported(field, value, allowed)]
