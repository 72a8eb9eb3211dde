#!@PYTHON@ -IS
"""curl for machines without it: HTTP, with its everyday options and exit codes."""
# ruff: noqa: EXE001, EXE003, PTH123 -- installed inside the sandbox with its own interpreter

from __future__ import annotations

import base64
import http.client
import socket
import sys
import urllib.parse
from typing import Any

VALUES = {
    "-X": "method", "--request": "method", "-H": "header", "--header": "header", "-d": "data", "--data": "data",
    "--data-raw": "data", "--data-binary": "data", "--data-urlencode": "encoded", "-o": "output", "--output": "output",
    "-w": "write", "--write-out": "write", "-m": "limit", "--max-time": "limit", "--connect-timeout": "limit",
    "-u": "user", "--user": "user", "-A": "agent", "--user-agent": "agent", "--url": "url",
}  # fmt: skip
FLAGS = {
    "-s": "silent", "--silent": "silent", "-S": "show", "--show-error": "show", "-f": "fail", "--fail": "fail",
    "-i": "include", "--include": "include", "-I": "head", "--head": "head", "-G": "get", "--get": "get", "-k": "insecure",
    "--insecure": "insecure", "-L": "follow", "--location": "follow", "-v": "verbose", "--verbose": "verbose",
    "-N": "unbuffered", "--no-buffer": "unbuffered", "-g": "globoff", "--globoff": "globoff", "-q": "quiet",
}  # fmt: skip
LISTS = ("header", "data", "encoded", "url")


def parse(words: list[str]) -> dict[str, Any]:
    """Options by name; those that may be repeated as lists."""
    found: dict[str, Any] = {name: [] for name in LISTS}
    while words:
        word = words.pop(0)
        if word in FLAGS:
            found[FLAGS[word]] = True
        elif word in VALUES or (word[:2] in VALUES and not word.startswith("--")):
            short = word not in VALUES
            value = word[2:] if short else (words.pop(0) if words else "")
            name = VALUES[word[:2] if short else word]
            if name in LISTS:
                found[name].append(value)
            else:
                found[name] = value
        elif word.startswith("-") and not word.startswith("--") and len(word) > 2:
            words[:0] = [word[:2], "-" + word[2:]]
        elif word.startswith("-"):
            sys.stderr.write(f"curl: option {word}: is unknown\n")
            sys.exit(2)
        else:
            found["url"].append(word)
    return found


def encoded(text: str) -> str:
    """One --data-urlencode value."""
    name, equals, value = text.partition("=")
    quoted = urllib.parse.quote(value if equals else name, safe="")
    return f"{name}={quoted}" if equals and name else quoted


def content(text: str) -> str:
    """Data, or a file's after ``@``."""
    if not text.startswith("@"):
        return text
    with sys.stdin if text == "@-" else open(text[1:]) as file:
        return file.read()


def ask(options: dict[str, Any], url: str) -> tuple[http.client.HTTPResponse, bytes]:
    """One exchange."""
    parts = urllib.parse.urlsplit(url if "://" in url else "http://" + url)
    data = "&".join(
        [content(each) for each in options["data"]] + [encoded(each) for each in options["encoded"]]
    )
    path, query = parts.path or "/", parts.query
    if options.get("get") and data:
        query, data = f"{query}&{data}" if query else data, ""
    method = options.get("method") or ("HEAD" if options.get("head") else "POST" if data else "GET")
    headers = {"User-Agent": options.get("agent", "curl/8.0"), "Accept": "*/*"}
    if data:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    if options.get("user"):
        headers["Authorization"] = "Basic " + base64.b64encode(options["user"].encode()).decode()
    for line in options["header"]:
        name, _, value = line.partition(":")
        headers = {key: old for key, old in headers.items() if key.lower() != name.lower()}
        headers[name] = value.strip()
    limit = float(options["limit"]) if options.get("limit") else None
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=limit)
    target = f"{path}?{query}" if query else path
    connection.request(method, target, body=data.encode() or None, headers=headers)
    response = connection.getresponse()
    if options.get("verbose"):
        sys.stderr.write(
            f"> {method} {target} HTTP/1.1\n< HTTP/1.1 {response.status} {response.reason}\n"
        )
    return response, response.read()


def fetch(options: dict[str, Any], url: str) -> int:
    """Fetch and print one address; curl's exit code."""
    response, body = ask(options, url)
    for _ in range(50):
        target = response.getheader("Location")
        if not (options.get("follow") and response.status in (301, 302, 303, 307, 308) and target):
            break
        url = urllib.parse.urljoin(url if "://" in url else "http://" + url, target)
        response, body = ask(options, url)
    if options.get("fail") and response.status >= 400:
        if options.get("show") or not options.get("silent"):
            sys.stderr.write(f"curl: (22) The requested URL returned error: {response.status}\n")
        return 22
    head = b""
    if options.get("include") or options.get("head"):
        lines = [f"HTTP/1.1 {response.status} {response.reason}"]
        lines += [f"{name}: {value}" for name, value in response.getheaders()]
        head = "\r\n".join([*lines, "", ""]).encode()
    if options.get("output", "-") == "-":
        sys.stdout.buffer.write(head + body)
    else:
        with open(options["output"], "wb") as file:
            file.write(head + body)
    written = (
        options.get("write", "").replace("\\n", "\n").replace("%{size_download}", str(len(body)))
    )
    sys.stdout.buffer.write(written.replace("%{http_code}", str(response.status)).encode())
    sys.stdout.flush()
    return 0


def main() -> int:
    """Fetch every address; the last failure's exit code."""
    options = parse(sys.argv[1:])
    if not options["url"]:
        sys.stderr.write("curl: (2) no URL specified\n")
        return 2
    code = 0
    for url in options["url"]:
        try:
            code = fetch(options, url)
        except socket.gaierror:
            code, said = 6, f"Could not resolve host: {urllib.parse.urlsplit(url).hostname or url}"
        except TimeoutError:
            code, said = 28, "Operation timed out"
        except OSError as error:
            code, said = 7, f"Failed to connect: {error.strerror or error}"
        else:
            continue
        if options.get("show") or not options.get("silent"):
            sys.stderr.write(f"curl: ({code}) {said}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
