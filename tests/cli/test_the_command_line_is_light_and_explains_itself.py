import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from opsrange.cli.main import cli
from opsrange.scenarios.spec import library

COMMANDS = sorted(cli.list_commands(None))  # type: ignore[arg-type]  # the names do not depend on a context


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_shows_an_example(name: str) -> None:
    shown = CliRunner().invoke(cli, [name, "--help"])
    assert shown.exit_code == 0
    assert "Example: opsrange" in " ".join(shown.output.split())


def test_exit_codes_are_documented() -> None:
    assert "Exit codes: 0 done, 1 the answer is no, 2 bad input" in " ".join(
        CliRunner().invoke(cli, ["--help"]).output.split()
    )


def test_asking_for_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom opsrange.cli.main import cli\n"
        "cli.main(['--help'], standalone_mode=False)\n"
        "print([name for name in ('inspect_ai', 'pydantic', 'rich', 'asyncio', 'yaml') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_scenarios_as_json_is_the_library() -> None:
    shown = CliRunner().invoke(cli, ["scenarios", "--json"])
    assert [row["id"] for row in json.loads(shown.output)] == list(library())


def test_the_module_list_is_the_command_list() -> None:
    for name in COMMANDS:
        assert cli.get_command(None, name) is not None  # type: ignore[arg-type]  # names need no context
