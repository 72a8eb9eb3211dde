from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[3]))

from tests.conformance.kubectl.api_server import Kubectl, Server, serving
from tests.kube_api.cluster import Cluster


@dataclass
class Bench:
    """A cluster without controllers and the real kubectl before it."""

    cluster: Cluster
    server: Server
    kubectl: Kubectl


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    cluster = Cluster()
    cluster.pod("p")
    cluster.deployment("web", replicas=2)
    cluster.kernel.advance_to(cluster.kernel.now_ms + 90_000)
    with serving(cluster.api) as (server, address):
        yield Bench(cluster, server, Kubectl(tmp_path, address))
