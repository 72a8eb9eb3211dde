"""A folder of Markdown, text, HTML and PDF becomes documents; what cannot be read is one clear line."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsrange.errors import OperatorError
from opsrange.knowledge.document import Document, Kind
from opsrange.knowledge.formats import TEXT_OF
from opsrange.knowledge.loader import load_folder
from opsrange.testing import toy_documents

HTML = b"""\
<!doctype html><html><head><title>Fail over the
 database</title><meta name="author" content="team-data"><meta name="date" content="2026-01-05">
<style>p { color: red }</style><script>alert("no")</script><body>
<h1>Fail over</h1><p>First the <b>replica</b> in zone&nbsp;b.<ul><li>promote<li>repoint</ul>
<table><tr><td>zone</td><td>b</td></tr></table></body></html>
"""


def pdf(*lines: str) -> bytes:
    """The smallest PDF that shows lines."""
    shown = " T* ".join(f"({line}) Tj" for line in lines)
    stream = f"BT /F1 12 Tf 14 TL 72 720 Td {shown} ET".encode()
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        b"<</Title(Quota of the mail cluster)/Author(team-mail)>>",
    ]
    data, offsets = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        offsets.append(len(data))
        data += b"%d 0 obj%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    start = len(data)
    data += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    return data + b"trailer<</Size 7/Root 1 0 R/Info 6 0 R>>\nstartxref\n%d\n%%%%EOF\n" % start


Shelf = Callable[..., Path]


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """Makes a folder of files."""

    def make(**files: bytes) -> Path:
        for name, data in files.items():
            path = tmp_path / name.replace("__", "/").replace("_dot_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return tmp_path

    return make


def test_markdown_with_front_matter(shelf: Shelf) -> None:
    text = b"---\ntitle: Drain first\nowner: team-shop\ndate: 2026-03-02\ntype: Post-mortem\ntags: [a]\n---\n# Heading\nBody.\n"
    [document] = load_folder(shelf(runbooks__drain_dot_md=text))
    assert document == Document(
        id="runbooks/drain.md",
        title="Drain first",
        kind=Kind.POST_MORTEM,
        owner="team-shop",
        date="2026-03-02",
        body="# Heading\nBody.",
    )


def test_plain_files_name_themselves(shelf: Shelf) -> None:
    folder = shelf(a_dot_md=b"\xef\xbb\xbf## From the heading\ntext", b_dot_txt=b"just text\n---\n")
    assert [(each.id, each.title, each.kind) for each in load_folder(folder)] == [
        ("a.md", "From the heading", Kind.DOCUMENT),
        ("b.txt", "b", Kind.DOCUMENT),
    ]


def test_html_is_what_a_reader_sees(shelf: Shelf) -> None:
    [document] = load_folder(shelf(page_dot_html=HTML))
    assert document.title == "Fail over the database"
    assert (document.owner, document.date) == ("team-data", "2026-01-05")
    assert document.body.split("\n\n") == [
        "Fail over",
        "First the replica in zone b.",
        "- promote\n- repoint",
        "zone b",
    ]


def test_a_real_pdf(shelf: Shelf) -> None:
    data = pdf("The quota of the mail cluster is 4711 MB.", "Ask team-mail before raising it.")
    [document] = load_folder(shelf(quota_dot_pdf=data))
    assert "quota of the mail cluster is 4711 MB" in document.body
    assert "Ask team-mail" in document.body
    assert (document.title, document.owner) == ("Quota of the mail cluster", "team-mail")


def test_what_is_no_document_does_not_count(shelf: Shelf) -> None:
    folder = shelf(
        a_dot_md=b"text", _dot_git__b_dot_md=b"text", c_dot_png=b"\x89PNG", d__e_dot_MD=b"x"
    )
    assert [each.id for each in load_folder(folder)] == ["a.md", "d/e.MD"]


def test_what_is_shown_can_be_read_again(shelf: Shelf) -> None:
    document = toy_documents.GOVERNING
    [read] = load_folder(shelf(x_dot_md=document.text.encode()))
    assert read == document.model_copy(update={"id": "x.md", "body": document.body.strip("\n")})


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.md", b"\xff\xfe\x00", "not UTF-8"),
        ("a.txt", b"nul\0nul", "not text"),
        ("a.pdf", b"%PDF-1.4 cut", "no readable PDF"),
        ("a.pdf", b"", "no readable PDF"),
        ("a.pdf", pdf(""), "no text"),
        ("a.html", b"<script>x</script>", "no text"),
        ("a.md", b"---\na: [\n---\ntext", "no YAML"),
        ("a.md", b" \n", "no text"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_its_reason(
    tmp_path: Path, name: str, data: bytes, reason: str
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(OperatorError) as refusal:
        load_folder(tmp_path)
    assert str(tmp_path / name) in str(refusal.value)
    assert reason in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="found nothing there"):
        load_folder(tmp_path / "nowhere")
    (tmp_path / "file").write_text("x")
    with pytest.raises(OperatorError, match="found a file there"):
        load_folder(tmp_path / "file")
    (tmp_path / "empty").mkdir()
    with pytest.raises(OperatorError, match=r"found no file ending in \.htm"):
        load_folder(tmp_path / "empty")


@given(st.sampled_from(sorted(TEXT_OF)), st.binary(max_size=300))
def test_any_bytes_are_text_or_refused(suffix: str, data: bytes) -> None:
    with contextlib.suppress(ValueError):  # the only way to refuse
        assert isinstance(TEXT_OF[suffix](data).text, str)
