"""``opsrange scenarios``: the library."""

from __future__ import annotations

import json

import click

from opsrange.scenarios.spec import find_scenario, library


@click.group(
    "scenarios",
    invoke_without_command=True,
    epilog="Example: opsrange scenarios show leaking-release",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """List scenarios, or show one."""
    if context.invoked_subcommand:
        return
    if as_json:
        click.echo(json.dumps([scenario.model_dump() for scenario in library().values()], indent=2))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table()
    for name in ("scenario", "title", "family", "difficulty", "rule"):
        table.add_column(name, no_wrap=name in {"scenario", "rule"})
    from opsrange.faults import find

    for scenario in library().values():
        table.add_row(
            scenario.id,
            scenario.title,
            find(scenario.fault).family.value,
            scenario.difficulty,
            scenario.rule or "",
        )
    Console().print(table)


@command.command("show", epilog="Example: opsrange scenarios show quota-exhausted --json")
@click.argument("scenario")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(scenario: str, as_json: bool) -> None:
    """Show one scenario, answer included: do not read it to an agent."""
    found = find_scenario(scenario)
    if as_json:
        click.echo(found.model_dump_json(indent=2))
        return
    for name, value in found.model_dump(exclude_defaults=True).items():
        click.echo(f"{name:12} {value}")
