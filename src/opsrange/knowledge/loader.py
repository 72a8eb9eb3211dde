"""One's own documents, from a folder: Markdown, text, HTML and PDF.

Belongs here: which files count, and front matter. Does not: taking one format apart (``formats``).
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import yaml

from opsrange.errors import OperatorError
from opsrange.knowledge.document import Document, Kind
from opsrange.knowledge.formats import TEXT_OF

_FENCE = "---"


def load_folder(folder: Path) -> list[Document]:
    """Every readable document below a folder, by path. Files of other kinds, hidden files and hidden folders do not count.

    A document's id is its path below the folder. Front matter, or an HTML page's own head, gives title, kind, owner and date.

    Raises:
        OperatorError: when there is no such folder, it holds no document, or one cannot be read.
    """
    if not folder.is_dir():
        found = "a file" if folder.exists() else "nothing"
        raise OperatorError(
            f"asked for documents in {folder}; found {found} there; give a folder of Markdown, text, HTML or PDF"
        )
    documents = [
        _load(path, path.relative_to(folder).as_posix())
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in TEXT_OF
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    if not documents:
        raise OperatorError(
            f"asked for documents in {folder}; found no file ending in {', '.join(sorted(TEXT_OF))}"
        )
    return documents


def _load(path: Path, name: str) -> Document:
    try:
        content = TEXT_OF[path.suffix.lower()](path.read_bytes())
    except OSError as error:
        raise OperatorError(
            f"asked for document {path}; {error.strerror}; make it readable"
        ) from error
    except ValueError as error:
        raise OperatorError(f"asked for document {path}; {error}; repair or remove it") from error
    about, body = _front_matter(content.text, path)
    if not body.strip():
        raise OperatorError(
            f"asked for document {path}; it holds no text (a scan, perhaps); convert or remove it"
        )
    about = {**content.about, **about}
    return Document(
        id=name,
        title=_words(about.get("title")) or _heading(body) or path.stem,
        kind=_kind(_words(about.get("kind") or about.get("type"))),
        owner=_words(about.get("owner") or about.get("author")),
        date=_date(about.get("date") or about.get("updated")),
        body=body.strip("\n"),
    )


def _front_matter(text: str, path: Path) -> tuple[dict[str, Any], str]:
    """YAML between two lines of dashes at the very start, and the rest."""
    lines = text.lstrip("\ufeff").splitlines()
    if not lines or lines[0].rstrip() != _FENCE:
        return {}, "\n".join(lines)
    end = next((at for at, line in enumerate(lines[1:], 1) if line.rstrip() == _FENCE), None)
    if end is None:
        return {}, "\n".join(lines)
    try:
        about = yaml.safe_load("\n".join(lines[1:end]))
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise OperatorError(
            f"asked for document {path}; its front matter is no YAML: {reason}"
        ) from error
    if not isinstance(about, dict):
        return {}, "\n".join(lines)
    named = {str(name).lower(): value for name, value in about.items()}
    return named, "\n".join(lines[end + 1 :])


def _words(value: Any) -> str:
    return " ".join(str(value).split()) if value is not None else ""


def _date(value: Any) -> str:
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    return _words(value)


def _kind(text: str) -> Kind:
    plain = text.lower().replace("-", "_").replace(" ", "_").replace("postmortem", "post_mortem")
    return Kind(plain) if plain in list(Kind) else Kind.DOCUMENT


def _heading(body: str) -> str:
    first = next((line.strip() for line in body.splitlines() if line.strip()), "")
    return first.lstrip("#").strip() if first.startswith("#") else ""
