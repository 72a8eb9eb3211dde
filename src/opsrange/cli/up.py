"""``opsrange up``: a broken cluster for a person's own tools."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
from pathlib import Path

import click

from opsrange.cli.options import FOLDER_OUT, SEED


@click.command(
    "up",
    epilog="Example: opsrange up selector-broken --seed 3, then: KUBECONFIG=… kubectl get pods -A",
)
@click.argument("scenario")
@click.option("--seed", type=SEED, default=1, show_default=True, help="The instance's seed.")
@click.option(
    "--out",
    type=FOLDER_OUT,
    default=Path("out/up"),
    show_default=True,
    help="Where the kubeconfig goes.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the addresses as JSON.")
def command(scenario: str, seed: int, out: Path, as_json: bool) -> None:
    """Leave a broken cluster running until Ctrl-C. Its time runs with the wall clock."""
    from opsrange.scenarios.spec import find_scenario

    find_scenario(scenario)
    asyncio.run(_up(scenario, seed, out, as_json=as_json))


async def _up(scenario: str, seed: int, out: Path, *, as_json: bool) -> None:
    from opsrange.hosting import Stable
    from opsrange.hosting.clock import ADDRESS as CLOCK_ADDRESS
    from opsrange.seat.limits import BUILDER

    stable = await Stable.open(BUILDER)
    try:
        world = await stable.world(scenario, seed)
        page = await world.call("page")
        # The clock is for sandboxes, whose programs sleep in virtual time; here time runs with the wall clock.
        addresses = [address for address in await world.addresses() if address != CLOCK_ADDRESS]
        listening = {address: _listen() for address in addresses}
        await world.serve(listening, pace="wall")
        urls = {
            name: f"http://127.0.0.1:{each.getsockname()[1]}" for name, each in listening.items()
        }
        for each in listening.values():
            each.close()
        kubeconfig = _write_kubeconfig(out, urls["kubernetes:6443"], page["namespace"])
        _announce(page["text"], kubeconfig, urls, as_json=as_json)
        ended = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):  # also where a shell left them ignored
            asyncio.get_running_loop().add_signal_handler(number, ended.set)
        await ended.wait()
    finally:
        await stable.close()


def _listen() -> socket.socket:
    """A listening socket on a free port of the loopback."""
    return socket.create_server(("127.0.0.1", 0))


def _write_kubeconfig(out: Path, server: str, namespace: str) -> Path:
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "opsrange",
        "clusters": [{"name": "opsrange", "cluster": {"server": server}}],
        "contexts": [
            {
                "name": "opsrange",
                "context": {"cluster": "opsrange", "user": "you", "namespace": namespace},
            }
        ],
        "users": [{"name": "you", "user": {}}],
    }
    out.mkdir(parents=True, exist_ok=True)
    path = (out / "kubeconfig.json").resolve()
    path.write_text(json.dumps(document, indent=2))
    return path


def _announce(page: str, kubeconfig: Path, urls: dict[str, str], *, as_json: bool) -> None:
    if as_json:
        click.echo(
            json.dumps({"kubeconfig": str(kubeconfig), "urls": urls, "page": page}, indent=2)
        )
        return
    click.echo(page)
    click.echo(f"\nexport KUBECONFIG={kubeconfig}")
    for name, url in urls.items():
        click.echo(f"{name:22} {url}")
    click.echo("\nCtrl-C ends it.")
