"""Names are matched by code, under a stated kind policy, after ITBench-AA's rule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsrange.errors import AuthorError
from opsrange.scoring.diagnosis_match import KindPolicy, match_diagnosis
from opsrange.scoring.evidence import TrueCause, Truth
from opsrange.trace import Report, RootCause

FLAG = Truth(root_causes=[TrueCause(entity="shop/ConfigMap/flagd-config")])
CART = Truth(root_causes=[TrueCause(entity="shop/Deployment/cart", aliases=["shop/Pod/cart-.*"])])
TWO = Truth(
    root_causes=[
        TrueCause(entity="shop/Service/cart"),
        TrueCause(entity="shop/ConfigMap/flagd-config"),
    ]
)


def report(*names: str) -> Report:
    return Report(root_causes=[RootCause(entity=name) for name in names])


@pytest.mark.parametrize(
    ("truth", "names", "strict", "workload", "ignore"),
    [
        (FLAG, ["shop/ConfigMap/flagd-config"], 1, 1, 1),
        (FLAG, ["shop/ConfigMap/flagd-config", "shop/Deployment/flagd"], 0.5, 0.5, 0.5),
        (
            FLAG,
            ["shop/ConfigMap/flagd-config", "shop/Pod/cart", "shop/Pod/frontend"],
            1 / 3,
            1 / 3,
            1 / 3,
        ),
        (FLAG, ["shop/Deployment/flagd"], 0, 0, 0),
        (FLAG, [], 0, 0, 0),
        (FLAG, ["other/ConfigMap/flagd-config"], 0, 0, 0),
        (FLAG, ["shop/configmaps/flagd-config"], 1, 1, 1),
        (FLAG, [" `shop/ConfigMap/flagd-config` "], 1, 1, 1),
        (FLAG, ["shop/Deployment/flagd-config"], 0, 0, 1),
        (CART, ["shop/Deployment/cart"], 1, 1, 1),
        (CART, ["shop/Pod/cart-7d4b9c6f5d-x2x4z"], 0, 1, 1),
        (CART, ["shop/ReplicaSet/cart-7d4b9c6f5d"], 0, 1, 1),
        (CART, ["shop/StatefulSet/cart"], 0, 1, 1),
        (CART, ["shop/Service/cart"], 0, 0, 1),
        (CART, ["shop/Pod/cartographer-7d4b9c6f5d-x2x4z"], 0, 0, 0),
        (CART, ["shop/Deployment/cart", "shop/Pod/cart-7d4b9c6f5d-x2x4z"], 0.5, 1, 1),
        (TWO, ["shop/Service/cart"], 0, 0, 0),
        (TWO, ["shop/ConfigMap/flagd-config", "shop/Service/cart"], 1, 1, 1),
    ],
)
def test_score_under_each_policy(
    truth: Truth, names: list[str], strict: float, workload: float, ignore: float
) -> None:
    result = match_diagnosis(report(*names), truth)
    scores = {each.policy: each.score for each in result.by_policy}
    assert scores == pytest.approx(
        {
            KindPolicy.STRICT: strict,
            KindPolicy.WORKLOAD_EQUAL: workload,
            KindPolicy.IGNORE_KIND: ignore,
        }
    )
    assert result.policy is KindPolicy.WORKLOAD_EQUAL
    assert result.score == pytest.approx(workload)
    assert result.passed is (workload == 1)


@pytest.mark.parametrize(
    "name",
    ["", "/", "cart", "a/b", "a/b/c/d", "shop//cart", "x" * 100_000, "\x00/\n/[", "shop/Pod/(((("],
)
def test_a_malformed_name_is_a_false_positive(name: str) -> None:
    result = match_diagnosis(report("shop/ConfigMap/flagd-config", name), FLAG)
    assert result.score == 0.5
    assert result.under(KindPolicy.WORKLOAD_EQUAL).false_positives == 1


def test_no_report_names_nothing() -> None:
    result = match_diagnosis(None, TWO).under(KindPolicy.STRICT)
    assert (result.true_positives, result.false_positives, result.false_negatives) == (0, 0, 2)


def test_causes_that_are_one_thing_count_once() -> None:
    truth = Truth(
        root_causes=[
            TrueCause(entity="shop/Schedule/partition"),
            TrueCause(entity="shop/NetworkChaos/partition-x", aliases=["shop/Schedule/partition"]),
        ]
    )
    result = match_diagnosis(report("shop/NetworkChaos/partition-x"), truth)
    assert result.score == 1
    assert result.under(KindPolicy.WORKLOAD_EQUAL).false_negatives == 0


def test_three_causes_linked_in_a_chain_are_one() -> None:
    truth = Truth(
        root_causes=[
            TrueCause(entity="s/A/a"),
            TrueCause(entity="s/B/b"),
            TrueCause(entity="s/C/c", aliases=["s/A/a", "s/B/b"]),
        ]
    )
    assert match_diagnosis(report("s/B/b"), truth).score == 1


def test_a_broken_alias_is_the_authors() -> None:
    truth = Truth(root_causes=[TrueCause(entity="s/A/a", aliases=["("])])
    with pytest.raises(AuthorError, match="does not compile"):
        match_diagnosis(report(), truth)


NAMES = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "shop/Service/cart",
                "shop/ConfigMap/flagd-config",
                "shop/Deployment/cart",
                "shop/Pod/cart-7d4b9c6f5d-x2x4z",
                "kube-system/Pod/x",
            ]
        ),
        st.text(max_size=30),
    ),
    max_size=6,
)
TRUTHS = st.sampled_from([FLAG, CART, TWO])


@given(NAMES, TRUTHS)
def test_a_wrong_name_never_raises_a_score(names: list[str], truth: Truth) -> None:
    before = match_diagnosis(report(*names), truth)
    after = match_diagnosis(report(*names, "nowhere/Node/nothing"), truth)
    for policy in KindPolicy:
        assert after.under(policy).score <= before.under(policy).score


@given(NAMES, TRUTHS)
def test_order_and_repeats_do_not_matter(names: list[str], truth: Truth) -> None:
    once = match_diagnosis(report(*names), truth)
    again = match_diagnosis(report(*reversed(names), *names), truth)
    assert [each.score for each in once.by_policy] == [each.score for each in again.by_policy]


@given(NAMES, TRUTHS)
def test_a_more_lenient_policy_never_scores_lower_on_recall(names: list[str], truth: Truth) -> None:
    result = match_diagnosis(report(*names), truth)
    strict, workload, ignore = (result.under(policy).recall for policy in KindPolicy)
    assert 0 <= strict <= workload <= ignore <= 1
