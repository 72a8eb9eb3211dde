"""What fails a proof inside the world: faults whose author got something wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.scenarios.checkout import Checkout

from opsrange.proof.intervention import Proof

_SOUND = """
from dataclasses import replace
from opsrange.faults.catalogue.scaled_to_zero import FAULT as SOUND
from opsrange.types import MINUTE_MS
"""
SILENT = f"{_SOUND}FAULT = replace(SOUND, inject=lambda estate, params: None)"
CRASHING = f"{_SOUND}FAULT = replace(SOUND, inject=lambda estate, params: params['nothing'])"
PASSING = f"""{_SOUND}
def inject(estate, params):
    SOUND.inject(estate, params)
    estate.kernel.after(8 * MINUTE_MS, lambda: SOUND.remove(estate, params))
FAULT = replace(SOUND, inject=inject)
"""
EARLY_AND_FOR_EVER = f"""{_SOUND}
def draw(estate, stream):
    params = SOUND.draw(estate, stream)
    SOUND.inject(estate, params)
    return params
FAULT = replace(SOUND, draw=draw, remove=lambda estate, params: None)
"""
_PROVE = "from opsrange.proof.intervention import prove_in_world as prove; print(prove('made-up', 1).model_dump_json())"


@pytest.mark.parametrize(
    ("fault", "checks"),
    [
        pytest.param(SILENT, ["the instance can be built"], id="alerts nobody"),
        pytest.param(CRASHING, ["the instance can be built"], id="cannot be injected"),
        pytest.param(PASSING, ["leaving the fault does not heal"], id="heals by itself"),
        pytest.param(
            EARLY_AND_FOR_EVER,
            ["the healthy twin is quiet", "removing the fault heals"],
            id="is there before it is injected and after it is removed",
        ),
    ],
)
def test_each_wrong_thing_fails_its_own_check(
    fault: str, checks: list[str], tmp_path: Path
) -> None:
    checkout = Checkout(tmp_path)
    checkout.scenario("made-up", fault="made_up")
    checkout.fault("made_up", fault)
    done = checkout.python(_PROVE)
    assert done.returncode == 0, done.stderr
    proof = Proof.model_validate_json(done.stdout)
    assert not proof.proven
    assert [check.name for check in proof.checks if not check.ok] == checks
    assert all(check.detail or check.ok for check in proof.checks[:3])


def test_no_check_is_no_proof() -> None:
    assert not Proof(instance="x@1", checks=[]).proven
