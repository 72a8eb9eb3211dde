"""What an author gets wrong in a file is said in one line that names the file, with exit code 2."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from tests.scenarios.checkout import Checkout

from opsrange.errors import AuthorError
from opsrange.scenarios.spec import Scenario, parse

SOUND = {
    "id": "made-up",
    "title": "Made up",
    "summary": "Made up.",
    "fault": "scaled_to_zero",
    "difficulty": "easy",
}
_WRONG = {
    "id": "another",
    "title": 7,
    "summary": ["a", "list"],
    "fault": "scaled_to_one",
    "difficulty": "brutal",
    "distractors": 9,
    "rule": "none_such",
    "shortcut": "given alone",
    "look_alike": "given-alone",
}


def _text(**fields: object) -> str:
    return yaml.safe_dump({**SOUND, **fields})


def _refusal(text: str | bytes) -> str:
    with pytest.raises(AuthorError) as refused:
        parse(text, "made-up.yaml")
    message = str(refused.value)
    assert "made-up.yaml" in message
    assert "\n" not in message
    return message


def test_a_sound_file_is_read() -> None:
    assert parse(_text(), "made-up.yaml").distractors == 2


def test_every_field_has_a_wrong_value_here() -> None:
    assert _WRONG.keys() == Scenario.model_fields.keys()


@pytest.mark.parametrize("field", _WRONG)
def test_a_wrong_field_is_named(field: str) -> None:
    message = _refusal(_text(**{field: _WRONG[field]}))
    assert field in message or str(_WRONG[field]) in message


def test_a_rule_that_does_not_exist_is_named() -> None:
    message = _refusal(_text(rule="none_such", shortcut="x", look_alike="y"))
    assert "none_such" in message


@pytest.mark.parametrize("field", sorted(SOUND))
def test_a_missing_field_is_named(field: str) -> None:
    missing = {name: value for name, value in SOUND.items() if name != field}
    assert f"found {field}: Field required" in _refusal(yaml.safe_dump(missing))


def test_an_unknown_field_is_named() -> None:
    assert "found severity:" in _refusal(_text(severity="high"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- a\n- list\n",
        "7",
        "id: [unclosed\ntitle: x\n",
        "id: 'unclosed\n",
        "\tid: tab",
        "id: *nowhere",
        "id: !!python/object:os.system x",
        "id: 2026-99-99",
        "1: 2",
        "? [a, list]\n: x",
        "[" * 5000,
        b"\xff\xfe\x00\xd8",
        b"title: \xe9",
    ],
)
def test_what_is_no_scenario_at_all_is_refused(text: str | bytes) -> None:
    _refusal(text)


@pytest.mark.parametrize(
    ("command", "path", "text", "says"),
    [
        ("scenarios", "scenarios/library/made-up.yaml", "id: made-up", "title: Field required"),
        ("verify scaled-to-zero", "faults/catalogue/made_up.py", "def (:", "SyntaxError"),
        ("demo", "faults/catalogue/made_up.py", "", "found no FAULT; define one"),
    ],
)
def test_the_command_line_names_the_file(
    command: str, path: str, text: str, says: str, tmp_path: Path
) -> None:
    checkout = Checkout(tmp_path)
    checkout.write(path, text)
    done = checkout.run(*command.split())
    assert done.returncode == 2, done.stderr
    [line] = done.stderr.splitlines()
    assert line.startswith("opsrange: ")
    assert Path(path).name in line
    assert says in line
    assert done.stdout == ""
