"""An OpenAI-compatible chat-completions endpoint with scripted replies, over real HTTP.

For tests of the whole provider path: point a provider's base URL at :attr:`ModelServer.base_url`. A script is a function
from the request's messages to a :class:`Reply`, so that one server serves any number of concurrent attempts.

Belongs here: the wire format of chat completions, as its published API reference describes it. Does not: policies.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from opsrange.types import Json


@dataclass(frozen=True, slots=True)
class Call:
    """One tool call in a reply. ``arguments`` may be text, to send what no schema admits."""

    tool: str
    arguments: Json | str


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model says: text, tool calls, or an HTTP failure."""

    text: str = ""
    calls: Sequence[Call] = field(default_factory=tuple)
    status: int = 200
    """Any other than 200 is answered as an API error."""


Script = Callable[[list[Json]], Reply]
"""From the request's messages to the reply."""


def in_turn(replies: Sequence[Reply]) -> Script:
    """A script that gives the n-th reply in the n-th turn of each conversation, and the last for ever after."""

    def reply(messages: list[Json]) -> Reply:
        turn: int = sum(message["role"] == "assistant" for message in messages)
        chosen: Reply = replies[min(turn, len(replies) - 1)]
        return chosen

    return reply


class ModelServer:
    """The server; a context manager. Binds a free port of the loopback."""

    def __init__(self, script: Script, model: str = "scripted") -> None:
        self.requests: list[Json] = []
        """Every request body, in order of arrival."""
        self._script = script
        self._model = model
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def base_url(self) -> str:
        """The base URL of the API."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, request: Json) -> tuple[int, Json]:
        """Status and body for one request body."""
        self.requests.append(request)
        reply = self._script(request["messages"])
        if reply.status != 200:
            error = {"message": reply.text or "scripted failure", "type": "server_error"}
            return reply.status, {"error": error}
        number = len(self.requests)
        return 200, {
            "id": f"chatcmpl-{number}",
            "object": "chat.completion",
            "created": 0,
            "model": self._model,
            "choices": [
                {
                    "index": 0,
                    "message": _message(reply, number),
                    "finish_reason": "tool_calls" if reply.calls else "stop",
                }
            ],
            "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
        }

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                if self.path.rstrip("/").endswith("/chat/completions"):
                    status, answer = server.answer(json.loads(body))
                else:
                    status, answer = 404, {"error": {"message": f"no {self.path} here"}}
                data = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.send_header("Connection", "close")  # no client keeps a socket past its test
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class names it
                """Say nothing on standard error."""

        return Handler


def _message(reply: Reply, number: int) -> Json:
    message: Json = {"role": "assistant", "content": reply.text or None}
    if reply.calls:
        message["tool_calls"] = [
            {
                "id": f"call_{number}_{index}",
                "type": "function",
                "function": {
                    "name": call.tool,
                    "arguments": call.arguments
                    if isinstance(call.arguments, str)
                    else json.dumps(call.arguments),
                },
            }
            for index, call in enumerate(reply.calls)
        ]
    return message
