"""Field errors in the API server's words (k8s.io/apimachinery/pkg/util/validation/field)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from opsrange.kube.kind import FieldError

IMMUTABLE = "field is immutable"
"""The detail the API server gives for most fields that may not change."""


def shown(value: Any) -> str:
    """A rejected value as error messages quote it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def invalid(field: str, value: Any, detail: str) -> FieldError:
    """The value is of the right type but not allowed."""
    return FieldError(field, f"Invalid value: {shown(value)}: {detail}")


def required(field: str, detail: str = "") -> FieldError:
    """A value is missing."""
    text = f"Required value: {detail}" if detail else "Required value"
    return FieldError(field, text, "FieldValueRequired")


def unsupported(field: str, value: Any, supported: Iterable[str]) -> FieldError:
    """The value is not one of an enumeration."""
    names = ", ".join(f'"{name}"' for name in supported)
    detail = f"Unsupported value: {shown(value)}: supported values: {names}"
    return FieldError(field, detail, "FieldValueNotSupported")


def forbidden(field: str, detail: str) -> FieldError:
    """The field may not be set, or not changed, here."""
    return FieldError(field, f"Forbidden: {detail}", "FieldValueForbidden")


def duplicate(field: str, value: Any) -> FieldError:
    """The value occurs twice where it must be unique."""
    return FieldError(field, f"Duplicate value: {shown(value)}", "FieldValueDuplicate")


def not_found(field: str, value: Any) -> FieldError:
    """The value refers to something that is not there."""
    return FieldError(field, f"Not found: {shown(value)}", "FieldValueNotFound")


def too_long(field: str, max_bytes: int) -> FieldError:
    """The value has too many bytes."""
    return FieldError(
        field, f"Too long: may not be more than {max_bytes} bytes", "FieldValueTooLong"
    )


def at_least_zero(field: str, value: int) -> list[FieldError]:
    """Complain about a negative number."""
    if value >= 0:
        return []
    return [invalid(field, value, "must be greater than or equal to 0")]


def within(field: str, value: int, low: int, high: int) -> list[FieldError]:
    """Complain about a number outside an inclusive range."""
    if low <= value <= high:
        return []
    return [invalid(field, value, f"must be between {low} and {high}, inclusive")]


def same(field: str, new: Any, old: Any, detail: str = IMMUTABLE) -> list[FieldError]:
    """Complain when an immutable field changed."""
    return [] if new == old else [invalid(field, new, detail)]
