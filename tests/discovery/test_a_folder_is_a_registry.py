"""What the modules of a folder define is found; one that is broken or defines nothing is named in one line."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsrange.discovery import defined
from opsrange.errors import AuthorError, OperatorError


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A package ``invented`` with one sound module."""
    made = tmp_path / "invented"
    made.mkdir()
    (made / "__init__.py").touch()
    (made / "sound.py").write_text("WORD = 'sound'\n")
    sys.path.insert(0, str(tmp_path))
    importlib.invalidate_caches()
    yield made
    sys.path.remove(str(tmp_path))
    for name in [name for name in sys.modules if name.partition(".")[0] == "invented"]:
        del sys.modules[name]


def test_every_module_is_found_by_name_in_order(folder: Path) -> None:
    (folder / "another.py").write_text("WORD = 'another'\n")
    (folder / "shared.py").write_text("LETTERS = 'abc'\n")
    found = defined("invented", "WORD", str, shared={"shared"})
    assert list(found.items()) == [("another", "another"), ("sound", "sound")]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("def broken(:\n", "found SyntaxError: "),
        ("import nothing_there\n", "found ModuleNotFoundError: No module named 'nothing_there'"),
        ("from opsrange.errors import Nobody\n", "found ImportError: cannot import name 'Nobody'"),
        ("raise ValueError('two\\n   lines')\n", "found ValueError: two lines"),
        ("word = 'lower case'\n", "found no WORD; define one"),
        ("WORD = 7\n", "found no WORD; define one"),
    ],
)
def test_a_broken_module_is_named_in_one_line(text: str, says: str, folder: Path) -> None:
    (folder / "broken.py").write_text(text)
    with pytest.raises(AuthorError) as refused:
        defined("invented", "WORD", str)
    message = str(refused.value)
    assert message.startswith("loaded invented/broken.py; ")
    assert says in message
    assert "\n" not in message


def test_a_failure_that_has_an_owner_keeps_it(folder: Path) -> None:
    code = "from opsrange.errors import OperatorError\nraise OperatorError('mine')\n"
    (folder / "owned.py").write_text(code)
    with pytest.raises(OperatorError, match="mine"):
        defined("invented", "WORD", str)
