"""Refusals of the Kubernetes API as exceptions, worded as the API server words them.

Belongs here: the ``Status`` document and one constructor per reason. Does not: deciding when to refuse.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from opsrange.errors import WorldError
from opsrange.kube.kind import FieldError, Kind
from opsrange.types import Json


class ApiError(WorldError):
    """A request the API refuses.

    Attributes:
        code: the HTTP status.
        reason: the machine reason, e.g. ``NotFound``.
        details: the ``details`` of the Status document; empty for none.
    """

    def __init__(self, code: int, reason: str, message: str, details: Json | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details or {}

    @property
    def status(self) -> Json:
        """The ``Status`` document."""
        document: Json = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            document["reason"] = self.reason
        if self.details:
            document["details"] = self.details
        document["code"] = self.code
        return document


def qualified(kind: Kind) -> str:
    """``deployments.apps``, or ``pods`` in the core group: how messages name a resource."""
    return f"{kind.plural}.{kind.group}" if kind.group else kind.plural


def _details(kind: Kind, name: str, causes: Sequence[Json] = ()) -> Json:
    details: Json = {}
    if name:
        details["name"] = name
    if kind.group:
        details["group"] = kind.group
    details["kind"] = kind.plural
    if causes:
        details["causes"] = list(causes)
    return details


def not_found(kind: Kind, name: str) -> ApiError:
    """404: no such object."""
    return ApiError(404, "NotFound", f'{qualified(kind)} "{name}" not found', _details(kind, name))


def already_exists(kind: Kind, name: str) -> ApiError:
    """409: the name is taken."""
    message = f'{qualified(kind)} "{name}" already exists'
    return ApiError(409, "AlreadyExists", message, _details(kind, name))


def conflict(kind: Kind, name: str, why: str = "") -> ApiError:
    """409: a precondition does not hold; by default the resource version."""
    why = why or (
        "the object has been modified; please apply your changes to the latest version and try again"
    )
    message = f'Operation cannot be fulfilled on {qualified(kind)} "{name}": {why}'
    return ApiError(409, "Conflict", message, _details(kind, name))


def invalid(kind: Kind, name: str, errors: Sequence[FieldError]) -> ApiError:
    """422: the object breaks rules of its kind."""
    said = list(dict.fromkeys(f"{error.field}: {error.detail}" for error in errors))
    shown = said[0] if len(said) == 1 else "[" + ", ".join(said) + "]"
    title = f"{kind.kind}.{kind.group}" if kind.group else kind.kind
    causes = [
        {"reason": error.reason, "message": error.detail, "field": error.field} for error in errors
    ]
    details = _details(kind, name, causes)
    details["kind"] = kind.kind
    return ApiError(422, "Invalid", f'{title} "{name}" is invalid: {shown}', details)


def forbidden(kind: Kind, name: str, why: str) -> ApiError:
    """403: authorization or admission says no."""
    message = f'{qualified(kind)} "{name}" is forbidden: {why}'
    if not name:
        message = f"{qualified(kind)} is forbidden: {why}"
    return ApiError(403, "Forbidden", message, _details(kind, name))


def bad_request(message: str) -> ApiError:
    """400: the request itself makes no sense."""
    return ApiError(400, "BadRequest", message)


def strict_decoding(kind: Kind, complaints: Iterable[str]) -> ApiError:
    """400: strict field validation found unknown or duplicate fields."""
    listed = ", ".join(complaints)
    return bad_request(
        f'{kind.kind} in version "{kind.version}" cannot be handled as a {kind.kind}: '
        f"strict decoding error: {listed}"
    )


def method_not_allowed() -> ApiError:
    """405: the resource has no such verb."""
    return ApiError(
        405, "MethodNotAllowed", "the server does not allow this method on the requested resource"
    )


class NoSuchPathError(ApiError):
    """404: nothing is served there, which the API server says in plain text.

    Clients tell it by that from an object that does not exist; ``kubectl debug`` even relies on it.
    """

    def __init__(self) -> None:
        super().__init__(404, "NotFound", "404 page not found")


def too_many_requests() -> ApiError:
    """429, in the words of API Priority and Fairness."""
    return ApiError(
        429,
        "TooManyRequests",
        "Too many requests, please try again later.",
        {"retryAfterSeconds": 1},
    )


def expired(asked: int, oldest: int) -> ApiError:
    """410: the watch window no longer reaches back that far."""
    return ApiError(410, "Expired", f"too old resource version: {asked} ({oldest})")


def unsupported_media(kinds: Sequence[str]) -> ApiError:
    """415: a body in a format the server does not read."""
    listed = ", ".join(kinds)
    return ApiError(
        415,
        "UnsupportedMediaType",
        "the body of the request was in an unknown format - accepted media types include: "
        + listed,
    )
