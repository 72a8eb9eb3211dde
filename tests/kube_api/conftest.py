from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.kube_api.cluster import Cluster


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()
