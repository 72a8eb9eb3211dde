"""A reference to an agent that cannot be used is refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from opsrange.agents.custom import load_agent
from opsrange.errors import OperatorError

SOURCE = """
from inspect_ai.agent import react
from inspect_ai.solver import generate

number = 3
def solver_factory(): return generate()
def agent_factory(*, depth=1): return react()
def nothing(): return None
def three(a, b, c): return {}
async def coroutine(page, run): return {}
def plain(page, run): return {}
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(SOURCE)
    return path


@pytest.mark.parametrize("name", ["solver_factory", "agent_factory", "plain"])
def test_usable(source: Path, name: str) -> None:
    assert callable(load_agent(f"{source}:{name}", think_time_s=0))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("missing", "has no function missing"),
        ("number", "has no function number"),
        ("nothing", "returned NoneType"),
        ("three", "takes 3 arguments"),
        ("coroutine", "expected agent"),
    ],
)
def test_unusable_function(source: Path, name: str, words: str) -> None:
    with pytest.raises(OperatorError, match=words) as caught:
        load_agent(f"{source}:{name}", think_time_s=0)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("reference", ["", "x", "x.py", "x.py:", ":f", "x.txt:f"])
def test_malformed_reference(reference: str) -> None:
    with pytest.raises(OperatorError, match=r"expected path\.py:function"):
        load_agent(reference, think_time_s=0)


def test_missing_file() -> None:
    with pytest.raises(OperatorError, match="there is no file"):
        load_agent("/nowhere/x.py:f", think_time_s=0)


@pytest.mark.parametrize("text", ["def broken(:", "import nothing_of_this_name", "1/0"])
def test_a_file_that_does_not_load(tmp_path: Path, text: str) -> None:
    path = tmp_path / "broken.py"
    path.write_text(text)
    with pytest.raises(OperatorError, match="loading it failed"):
        load_agent(f"{path}:f", think_time_s=0)
