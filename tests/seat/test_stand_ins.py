"""Goal: where the machine has no jq or curl, ours do the everyday. Method: the scripts as they would be installed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from opsrange.seat import Seat, toolbox

Seated = Callable[..., Any]


@pytest.fixture
def jq(tmp_path: Path) -> Callable[..., tuple[int, str]]:
    extension = toolbox.jq_extension()
    assert extension
    (tmp_path / "ext").mkdir()
    (tmp_path / "ext" / extension.name).symlink_to(extension)
    script = tmp_path / "jq"
    script.write_text(toolbox.script("jq.py").replace("/opt/jq", str(tmp_path / "ext")))

    def run(*arguments: str, stdin: str = "null") -> tuple[int, str]:
        command = [sys.executable, "-IS", str(script), *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    return run


@pytest.mark.parametrize(
    ("arguments", "stdin", "expected"),
    [
        ((".a",), '{"a":{"b":1}}', (0, '{\n  "b": 1\n}\n')),
        (("-r", ".[].n"), '[{"n":"x"},{"n":"y"}]', (0, "x\ny\n")),
        (("-c", "."), '{"a":1} [2]', (0, '{"a":1}\n[2]\n')),
        (("-n", "--arg", "v", "w", "$v"), "", (0, '"w"\n')),
        (("-s", "length"), "1 2 3", (0, "3\n")),
        (("-e", ".a"), '{"a":null}', (1, "null\n")),
        (("-rR", "ascii_upcase"), "a\nb\n", (0, "A\nB\n")),
        ((".[",), "[]", (3, "")),
        ((".",), "{", (2, "")),
    ],
)
def test_jq(
    jq: Callable[..., tuple[int, str]],
    arguments: tuple[str, ...],
    stdin: str,
    expected: tuple[int, str],
) -> None:
    assert jq(*arguments, stdin=stdin) == expected


@pytest.mark.seat
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ("-s toy:8080/counter", 0, '"value":0'),
        ("-sX POST 'toy:8080/counter?by=5'", 0, '{"value":5}'),
        ("-sG toy:8080/counter --data-urlencode 'a=b c' -o /dev/null -w '%{http_code}'", 0, "200"),
        ("-d 'some=data' http://toy:8080/echo", 0, "some=data"),
        ("-sI toy:8080/counter", 0, "HTTP/1.1 200"),
        ("-fsS toy:8080/nowhere", 22, "curl: (22) The requested URL returned error: 404"),
        ("-sS nowhere:80", 6, "curl: (6) Could not resolve host: nowhere"),
        ("-sS 127.0.0.1:9", 7, "curl: (7) Failed to connect"),
        ("--no-such-option", 2, "curl: option --no-such-option: is unknown"),
    ],
)
def test_curl(seated: Seated, arguments: str, code: int, said: str) -> None:
    async def body(seat: Seat) -> None:
        await seat.write_file("curl.py", toolbox.script("curl.py").encode())
        done = await seat.run(f"python3 -IS curl.py {arguments}")
        assert said in (done.stdout + done.stderr).decode()
        assert done.exit_code == code

    seated(body)
