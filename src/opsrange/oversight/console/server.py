"""HTTP over a :class:`~opsrange.oversight.queue.PendingQueue`, for one browser or several."""

from __future__ import annotations

import asyncio
import hmac
import json
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import files

from aiohttp import web
from pydantic import ValidationError

from opsrange.errors import OperatorError
from opsrange.oversight.queue import PendingQueue
from opsrange.oversight.request import Decision, Ruling
from opsrange.trace import Record

LOOPBACK = "127.0.0.1"
COOKIE = "opsrange-approver"
PULSE_S = 1.0
"""Between two signs of life on an open connection; a browser that died is noticed no later."""
_BODY_BYTES_MAX = 1 << 18
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_PARTS = {
    "/": ("page.html", "text/html"),
    "/console.js": ("console.js", "text/javascript"),
    "/console.css": ("console.css", "text/css"),
}
_DECISIONS = {Decision.APPROVE, Decision.MODIFY, Decision.REJECT, Decision.TERMINATE}
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Answer(Record):
    """What the page posts."""

    id: str
    decision: Decision
    reason: str = ""
    modified: str = ""


@dataclass(frozen=True, slots=True)
class Console:
    """A running page."""

    url: str
    """With the token: whoever has it decides."""
    _runner: web.AppRunner

    async def close(self) -> None:
        """Stop serving; open browsers count as gone."""
        await self._runner.cleanup()


async def open_console(queue: PendingQueue, *, port: int = 0, decider: str = "browser") -> Console:
    """Serve the page on loopback.

    Args:
        queue: what is shown and answered; of the running event loop.
        port: 0 for any free one.
        decider: recorded as who decided.

    Raises:
        OperatorError: when the port cannot be had.
    """
    token = secrets.token_urlsafe(24)
    server = _Server(queue, token, decider)
    runner = web.AppRunner(server.application(), handler_cancellation=True, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, LOOPBACK, port)
    try:
        await site.start()
    except OSError as error:
        await runner.cleanup()
        raise OperatorError(
            f"asked for the approver's page on {LOOPBACK}:{port}; {error.strerror}; choose another port"
        ) from error
    server.port = runner.addresses[0][1]
    return Console(f"http://{LOOPBACK}:{server.port}/?token={token}", runner)


class _Server:
    def __init__(self, queue: PendingQueue, token: str, decider: str) -> None:
        self.port = 0
        self._queue = queue
        self._token = token
        self._decider = decider

    def application(self) -> web.Application:
        application = web.Application(middlewares=[self._guard], client_max_size=_BODY_BYTES_MAX)
        for path in _PARTS:
            application.router.add_get(path, self._part)
        application.router.add_get("/pending", self._pending)
        application.router.add_get("/news", self._news)
        application.router.add_post("/decide", self._decide)
        return application

    @web.middleware
    async def _guard(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Only this machine's own browser, with the token. A foreign page can neither read nor post."""
        own = {f"{LOOPBACK}:{self.port}", f"localhost:{self.port}"}
        if request.host not in own:
            raise web.HTTPForbidden(text="ask for this page by its loopback address\n")
        origin = request.headers.get("Origin", "")
        if origin and origin.removeprefix("http://") not in own:
            raise web.HTTPForbidden(text="this page does not answer to other pages\n")
        if request.path == "/" and "token" in request.query:
            return self._admit(request.query["token"])
        if not hmac.compare_digest(request.cookies.get(COOKIE, "").encode(), self._token.encode()):
            raise web.HTTPForbidden(text="open the address that was printed, token included\n")
        response = await handler(request)
        if not response.prepared:
            response.headers.update(_HEADERS)
        return response

    def _admit(self, token: str) -> web.Response:
        """Take the token out of the address: into a cookie that goes nowhere else."""
        if not hmac.compare_digest(token.encode(), self._token.encode()):
            raise web.HTTPForbidden(text="the token is another run's\n")
        response = web.Response(status=303, headers={"Location": "/"} | _HEADERS)
        response.set_cookie(COOKIE, token, httponly=True, samesite="Strict", path="/")
        return response

    async def _part(self, request: web.Request) -> web.Response:
        name, kind = _PARTS[request.path]
        text = (files("opsrange.oversight.console") / "static" / name).read_text("utf-8")
        return web.Response(text=text, content_type=kind)

    async def _pending(self, request: web.Request) -> web.Response:
        rows = [
            {**each.request.model_dump(mode="json"), "paused": each.paused, "health_change": change}
            for each in self._queue.pending()
            for change in [each.request.preview.health_change if each.request.preview else {}]
        ]
        return web.json_response({"version": self._queue.version, "pending": rows})

    async def _news(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events: a number whenever something changed. While it is open, an approver is there."""
        response = web.StreamResponse(headers=_HEADERS | {"Content-Type": "text/event-stream"})
        await response.prepare(request)
        self._queue.attached()
        seen = -1
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(PULSE_S):
                        seen = await self._queue.changed(seen)
                await response.write(f"data: {seen}\n\n".encode())
        except ConnectionResetError:
            return response
        finally:
            self._queue.closed()

    async def _decide(self, request: web.Request) -> web.Response:
        try:
            answer = Answer.model_validate(await request.json())
        except (ValidationError, json.JSONDecodeError, UnicodeDecodeError) as error:
            raise web.HTTPBadRequest(text=f"not an answer: {error}\n") from error
        if answer.decision not in _DECISIONS:
            raise web.HTTPBadRequest(text=f"nobody is left to {answer.decision} to\n")
        if answer.decision is Decision.REJECT and not answer.reason.strip():
            raise web.HTTPBadRequest(text="a refusal needs a reason: the agent is told it\n")
        ruling = Ruling(
            decision=answer.decision,
            reason=answer.reason.strip(),
            modified=answer.modified,
            decider=self._decider,
        )
        try:
            self._queue.decide(answer.id, ruling)
        except OperatorError as error:
            raise web.HTTPConflict(text=f"{error}\n") from error
        return web.json_response({"decided": answer.id})
