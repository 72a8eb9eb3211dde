"""A file of another harness: which format it is, by its content.

Belongs here: recognising, and refusing in one line. Does not: the formats.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from opsrange.diagnosis.readers import atif, messages
from opsrange.diagnosis.readers.transcript import Transcript
from opsrange.errors import OperatorError

_KNOWN = "an Inspect log, ATIF, or chat messages as JSON or JSON lines"
_ZIP = b"PK"


def is_inspect_log(path: Path) -> str:
    """Inspect's name for the format of a file (``eval`` or ``json``); empty when it is no Inspect log."""
    with path.open("rb") as file:
        head = file.read(4096)
    if head.startswith(_ZIP):
        return "eval"
    start = head.lstrip()
    return "json" if start.startswith(b"{") and b'"eval"' in head and b'"version"' in head else ""


def transcripts_in(path: Path) -> list[Transcript]:
    """Every conversation in a file.

    Raises:
        OperatorError: when it cannot be read, is cut off, or is of no known format.
    """
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(
            f"asked to diagnose {path}; it cannot be read as text ({type(error).__name__}); expected {_KNOWN}"
        ) from error
    try:
        found = list(_transcripts(path.stem, _parsed(path, text)))
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise OperatorError(
            f"asked to diagnose {path}; a part of it has another shape than the format it looks like"
            f" ({type(error).__name__}: {error}); expected {_KNOWN}"
        ) from error
    if not found:
        raise OperatorError(
            f"asked to diagnose {path}; its JSON is of no known format; expected {_KNOWN}"
        )
    return found


def _parsed(path: Path, text: str) -> Any:
    """One JSON document, or a list of one per line."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as whole:
        lines = [line for line in text.splitlines() if line.strip()]
        documents = []
        for number, line in enumerate(lines, 1):
            try:
                documents.append(json.loads(line))
            except json.JSONDecodeError as error:
                where = f"line {number}" if documents else f"character {whole.pos}"
                raise OperatorError(
                    f"asked to diagnose {path}; its JSON breaks off or is invalid at {where}; expected {_KNOWN}"
                ) from error
        return documents


def _transcripts(name: str, document: Any) -> Iterator[Transcript]:
    documents = (
        document
        if isinstance(document, list) and not messages.looks_like_messages(document)
        else [document]
    )
    for number, each in enumerate(documents):
        label = name if len(documents) == 1 else f"{name}#{number}"
        if atif.looks_like_atif(each):
            yield atif.transcript_of(label, each)
        else:
            for conversation in messages.conversations(each):
                yield messages.transcript_of(label, conversation)
