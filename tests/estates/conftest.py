from __future__ import annotations

import pytest

from opsrange.estates import Estate
from opsrange.types import MINUTE_MS


@pytest.fixture(scope="session")
def estate() -> Estate:
    """A healthy estate some minutes into its history; tests that change it do so in branches."""
    built = Estate("estates")
    built.advance(5 * MINUTE_MS)
    return built
