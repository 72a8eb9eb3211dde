"""Goal: kubectl starts with the shortest of its translations, and nobody reads a word of it. Method: beside the binary itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from opsrange.seat import Completed, Seat
from opsrange.seat.layout import KUBECTL_BINARY

Seated = Callable[..., Any]

pytestmark = pytest.mark.seat


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        "help",
        "--help",
        "-n default",
        "-n get",
        "-n get config",
        "annotate --help --timeout=1s",
        "--context set",
        "get --help",
        "-n default get -h",
        "help get",
        "get",
        "get pods --no-such-flag",
        "annotate --help",
        "annotate pod",
        "config",
        "config get-contexts",
        "config delete-cluster --help",
        "config view",
        "nonsense",
        "scale",
        "apply",
        "rollout",
        "set",
        "create",
        "wait",
        "logs",
        "delete pods --timeout=1s",
        "explain pods",
    ],
)
def test_the_same_words_as_in_english(seated: Seated, arguments: str) -> None:
    async def body(seat: Seat) -> list[Completed]:
        return [
            await seat.run(f"{each} {arguments}")
            for each in ("kubectl", f"LC_ALL=C.UTF-8 {KUBECTL_BINARY}")
        ]

    ours, plain = seated(body)
    assert (ours.exit_code, ours.stdout, ours.stderr) == (
        plain.exit_code,
        plain.stdout,
        plain.stderr,
    )
    assert ours.stdout or ours.stderr


def test_the_short_translation_is_used(seated: Seated) -> None:
    """The kernel keeps what a process was started with; this one waits for its input."""

    async def body(seat: Seat) -> Completed:
        return await seat.run(
            "mkfifo pipe; kubectl apply -f pipe & "
            "for try in {1..500}; do tr '\\0' '\\n' </proc/$!/environ | grep ^LC_ALL= && break; done; kill $!"
        )

    assert seated(body).stdout == b"LC_ALL=fr_FR.UTF-8\n"
