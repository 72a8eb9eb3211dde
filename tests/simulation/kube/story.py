"""A fixed story whose journal digest is printed: run in several processes to compare."""

from __future__ import annotations

import sys

from tests.simulation.kube.scripted import World, deployment, service

from opsrange.kube.runtime import Probe


def digest(seed: str) -> str:
    """Installs, breaks, repairs and deletes; the digest of all that happened."""
    world = World(seed)
    probe = {"httpGet": {"port": 8080}, "periodSeconds": 5}
    names = ("cart", "checkout", "frontend")
    world.install(
        *[deployment(name, 2, readinessProbe=probe, livenessProbe=probe) for name in names],
        *[service(name) for name in names],
    )
    world.script.missing["shop/cart:2"] = "not found"
    world.change_container("cart", image="shop/cart:2")
    world.run(120)
    world.script.probes["shop/checkout:1 8080"] = Probe(ok=False, message="refused")
    world.run(120)
    world.script.probes.clear()
    world.change_container("cart", image="shop/cart:1")
    world.cluster.exited(world.pods("frontend")[0]["metadata"]["uid"], "frontend", 137, "OOMKilled")
    world.cluster.delete("Deployment", "shop", "checkout")
    world.run(600)
    return world.kernel.journal.digest


if __name__ == "__main__":
    sys.stdout.write(digest(sys.argv[1]))
