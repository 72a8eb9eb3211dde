"""The documents name everything there is, their links lead somewhere, and what is generated is current."""

from __future__ import annotations

import importlib.util
import re
from functools import cache
from pathlib import Path
from typing import Any

import click
import pytest

from opsrange.agents.custom import load_agent
from opsrange.cli.main import cli
from opsrange.faults import faults
from opsrange.kube.kind import all_kinds
from opsrange.rules import rules
from opsrange.scenarios.spec import library

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "AGENTS.md", ROOT / "CLAUDE.md", ROOT / "changes/README.md"]
PAGES += sorted((ROOT / "docs").rglob("*.md"))
_COMMANDS = cli.list_commands(click.Context(cli))
_TARGET = re.compile(r"^([a-z]+):", re.MULTILINE)
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


@cache
def _prose() -> str:
    """Everything a person wrote: the reference is generated and would mention anything."""
    return "\n".join(page.read_text() for page in PAGES if page.parent.name != "reference")


@cache
def _generator() -> Any:
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs/generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", _COMMANDS)
def test_every_command_is_explained(name: str) -> None:
    assert re.search(rf"\bopsrange {name}\b", _prose())


@pytest.mark.parametrize("name", ["sre_diagnosis", "sre_repair"])
def test_every_task_is_explained(name: str) -> None:
    assert f"opsrange/{name}" in _prose()


def test_no_command_is_explained_that_does_not_exist() -> None:
    shown = set(re.findall(r"(?:^|`|/bin/)opsrange ([a-z]+)", _prose(), re.MULTILINE))
    assert sorted(shown - set(_COMMANDS)) == []


@pytest.mark.parametrize("name", [*library(), *faults(), *rules()])
def test_the_reference_has_every_scenario_fault_and_rule(name: str) -> None:
    assert f"`{name}`" in (ROOT / "docs/reference/scenarios.md").read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    links = [link for link in _LINK.findall(page.read_text()) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_as_many_kinds_are_served_as_the_limits_say() -> None:
    told = re.search(r"twin serves (\d+) kinds", (ROOT / "README.md").read_text())
    assert told is not None
    assert int(told.group(1)) == len(all_kinds())


def test_the_limits_say_that_classes_are_experimental_until_published() -> None:
    limits = (ROOT / "README.md").read_text().partition("## Limits")[2].partition("\n## ")[0]
    assert "experimental until" in limits
    assert "docs/reference/detectors.md" in limits


def test_make_commands_of_the_documents_exist() -> None:
    targets = set(_TARGET.findall((ROOT / "Makefile").read_text()))
    used = set(re.findall(r"(?:^|`)make ([a-z]+)", _prose(), re.MULTILINE))
    assert {"run", "test"} <= used <= targets


def test_the_example_agent_can_be_loaded() -> None:
    assert "examples/undo_oom.py" in (ROOT / "docs/tutorial.md").read_text()
    load_agent(f"{ROOT / 'docs/examples/undo_oom.py'}:agent", think_time_s=0)


@pytest.mark.parametrize(
    "name", ["cli.md", "policy.schema.json", "results.schema.json", "scenarios.md"]
)
def test_the_reference_is_current(name: str) -> None:
    """When it fails: make docs."""
    assert (ROOT / "docs/reference" / name).read_text() == _generator().documents()[name]


def test_change_fragments_are_named_by_their_kind() -> None:
    names = [path.name for path in (ROOT / "changes").iterdir() if path.name != "README.md"]
    pattern = r"[a-z0-9-]+\.(added|changed|fixed|removed)\.md"
    assert [name for name in names if not re.fullmatch(pattern, name)] == []
