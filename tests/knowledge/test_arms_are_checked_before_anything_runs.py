"""A provision that cannot be carried out is refused in one line, before a model is called."""

from __future__ import annotations

from pathlib import Path

import pytest

from opsrange.errors import OperatorError
from opsrange.knowledge.arms import HANDED_CHARS_MAX, WITHOUT_OWN, Arm, provision
from opsrange.knowledge.document import Document
from opsrange.tasks.sre import sre_repair
from opsrange.testing.toy_documents import DECOY, GOVERNING


def test_an_unknown_arm_is_refused_with_its_neighbour() -> None:
    with pytest.raises(OperatorError, match="did you mean bm25"):
        provision("bm52")
    with pytest.raises(OperatorError, match="known are none, bm25"):
        provision("zebra")


@pytest.mark.parametrize("arm", sorted(WITHOUT_OWN))
def test_nobody_knows_which_of_ones_own_documents_govern(arm: Arm) -> None:
    with pytest.raises(OperatorError, match="needs to know which"):
        provision(arm, [GOVERNING])


def test_more_than_a_prompt_holds_is_refused_and_not_cut() -> None:
    large = Document(id="large", title="", body="x" * HANDED_CHARS_MAX)
    with pytest.raises(OperatorError, match="use the arm bm25 or shell"):
        provision("full", [large])
    assert provision("bm25", [large]).own == (large,)


def test_two_documents_with_one_id_are_refused() -> None:
    with pytest.raises(OperatorError, match="rename one"):
        provision("bm25", [GOVERNING, DECOY.model_copy(update={"id": GOVERNING.id})])


def test_a_task_reads_ones_own_documents_when_it_is_made(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="asked for documents in"):
        sre_repair(scenario="selector-broken", docs="bm25", docs_folder=str(tmp_path / "missing"))
