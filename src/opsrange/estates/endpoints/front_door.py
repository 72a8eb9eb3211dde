"""The shop's front door over HTTP, so that one can ask it what users meet."""

from __future__ import annotations

from opsrange.apps.application import Application
from opsrange.wire import Request, Response


class FrontDoor:
    """Implements ``wire.Handler`` over an application.

    Args:
        application: answers at the present instant.
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    def handle(self, request: Request) -> Response:
        """GET and HEAD are answered as a user's would be; nothing is bought by asking."""
        if request.method not in ("GET", "HEAD"):
            return Response(405, b"Method Not Allowed", "text/plain")
        page = self._application.respond(request.path)
        body = b"" if request.method == "HEAD" else page.body.encode()
        kind = "application/json" if page.body.startswith("{") else "text/html; charset=utf-8"
        return Response(page.status, body, kind, {"server": "envoy"})
