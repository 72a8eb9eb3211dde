"""The command ``opsrange``: a group whose commands are loaded when they are used.

Exit codes: 0 done; 1 done, and the answer is no (not proven, check failed); 2 bad input; 3 a failure of ours;
130 interrupted.
"""

from __future__ import annotations

import importlib
import sys
import traceback
from typing import NoReturn

import click

from opsrange import __version__
from opsrange.errors import OperatorError, OpsrangeError, Owner

BAD_INPUT = 2
OUR_FAILURE = 3
INTERRUPTED = 130

_COMMANDS = {
    "demo": "Score scripted agents on all scenarios, and write a report.",
    "run": "Score a model or an agent of your own.",
    "report": "Make the HTML report from stored logs.",
    "score": "Grade stored logs again, without running anything.",
    "diagnose": "Say where attempts failed, with evidence.",
    "verify": "Prove instances by intervention.",
    "scenarios": "List scenarios, or show one.",
    "up": "Leave a broken cluster running for your own kubectl.",
    "play": "Sit in the sandbox yourself, and be scored like any agent.",
    "audit": "Verify or show the audit trail of a gate.",
    "doctor": "Say what this machine lacks.",
    "bench": "Measure speed and memory.",
}


class _Lazy(click.Group):
    """Knows the names; imports a command's module only to run it or to show its help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"opsrange.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.command(
    cls=_Lazy,
    epilog="Example: opsrange run --model openai/gpt-5 --scenario all --seeds 1-3. "
    "Exit codes: 0 done, 1 the answer is no, 2 bad input, 3 a failure of ours, 130 interrupted.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="opsrange")
def cli() -> None:
    """A range for IT-operations agents: live incidents, real tools, verdicts that can be trusted."""


def _fail() -> NoReturn:
    """End with what is known of a defect of ours."""
    traceback.print_exc()
    sys.exit(OUR_FAILURE)


def main() -> None:
    """Run the command line and exit with a documented code."""
    try:
        status = cli.main(prog_name="opsrange", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(BAD_INPUT)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted; what had finished is kept", err=True)
        sys.exit(INTERRUPTED)
    except OperatorError as error:
        click.echo(f"opsrange: {error}", err=True)
        sys.exit(BAD_INPUT)
    except OpsrangeError as error:
        click.echo(f"opsrange: {error} (owner: {error.owner})", err=True)
        sys.exit(BAD_INPUT if error.owner is Owner.AUTHOR else OUR_FAILURE)
    except OSError as error:
        if not error.filename:
            _fail()
        click.echo(f"opsrange: asked to use {error.filename}; found: {error.strerror}", err=True)
        sys.exit(BAD_INPUT)
    except Exception:  # noqa: BLE001 - exit code 1 means that the answer is no, and a defect is no answer
        _fail()
    sys.exit(status if isinstance(status, int) else 0)
