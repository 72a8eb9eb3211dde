"""Text out of file formats.

Belongs here: one function per format. Does not: files, folders, front matter.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "br",
        "dd",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "tr",
        "ul",
    ]
)
_HIDDEN = frozenset({"script", "style", "template", "noscript"})
_META = {
    "author": "owner",
    "owner": "owner",
    "date": "date",
    "dcterms.date": "date",
    "title": "title",
}


@dataclass(frozen=True, slots=True)
class Content:
    """What a file says."""

    text: str
    about: Mapping[str, str] = field(default_factory=dict)
    """What the format itself knows of title, owner and date."""


def plain(data: bytes) -> Content:
    """Text and Markdown, in UTF-8.

    Raises:
        ValueError: when it is something else.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start} is not UTF-8") from error
    if "\0" in text:
        raise ValueError("it is not text")
    return Content(text)


def html(data: bytes) -> Content:
    """The visible text of a page: a line per block, list items with a dash, cells apart.

    Raises:
        ValueError: when it is not UTF-8.
    """
    page = _Page()
    page.feed(plain(data).text)
    page.close()
    lines = [" ".join(line.split()) for line in "".join(page.parts).split("\n")]
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    return Content(text, {name: value for name, value in page.about.items() if value})


def pdf(data: bytes) -> Content:
    """The text of a PDF, page by page.

    Raises:
        ValueError: when it cannot be read, or only with a password.
    """
    from pypdf import PdfReader  # late: most folders hold none

    try:
        reader = PdfReader(io.BytesIO(data))
        pages = [page.extract_text() for page in reader.pages]
        about = reader.metadata
    except Exception as error:  # damaged files make the reader fail in any way, encrypted ones too
        raise ValueError(f"it is no readable PDF ({type(error).__name__}: {error})") from error
    known = {"title": about.title or "", "owner": about.author or ""} if about else {}
    return Content("\n\n".join(pages), {name: value for name, value in known.items() if value})


TEXT_OF: Mapping[str, Callable[[bytes], Content]] = {
    ".md": plain,
    ".markdown": plain,
    ".txt": plain,
    ".html": html,
    ".htm": html,
    ".pdf": pdf,
}
"""By the end of a file's name."""


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.about: dict[str, str] = {}
        self._hidden: list[str] = []
        self._title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "meta" and given.get("name", "").lower() in _META:
            self.about[_META[given["name"].lower()]] = given.get("content", "")
        if tag == "title":
            self._title = True
        if tag in _HIDDEN:
            self._hidden.append(tag)
        if tag in _BLOCKS:
            self.parts.append("\n- " if tag == "li" else "\n")
        if tag in {"td", "th"}:
            self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._title = False
        if tag in self._hidden:
            while self._hidden.pop() != tag:
                pass
        if tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if self._title:
            self.about.setdefault("title", " ".join(data.split()))
        elif not self._hidden:
            self.parts.append(data)
