"""What a seed decides about an estate: always the same, rarely what another seed decides, and always plausible."""

from __future__ import annotations

import random

from opsrange.apps.definition import load
from opsrange.estates.variant import Variant, draw_variant
from opsrange.types import HOUR_MS, Json

DAY_MS = 24 * HOUR_MS
SEEDS = range(50)


def _draw(seed: int) -> Variant:
    return draw_variant(random.Random(seed))


def test_the_same_seed_draws_the_same() -> None:
    assert [_draw(seed) for seed in SEEDS] == [_draw(seed) for seed in SEEDS]


def test_other_seeds_draw_others() -> None:
    variants = [_draw(seed) for seed in SEEDS]
    assert len({variant.opens_ms for variant in variants}) == len(SEEDS)
    assert len({tuple(variant.releases) for variant in variants}) == len(SEEDS)
    assert len({variant.namespace for variant in variants}) > 3
    assert len({tuple(variant.recreated) for variant in variants}) > len(SEEDS) // 2


def test_everything_happens_in_order_and_before_the_hour() -> None:
    for variant in map(_draw, SEEDS):
        age_ms = variant.opens_ms - variant.installed_ms
        assert 15 * DAY_MS <= age_ms <= 91 * DAY_MS
        assert all(gap_ms >= DAY_MS for _, gap_ms in variant.releases)
        assert sum(gap_ms for _, gap_ms in variant.releases) < age_ms
        assert variant.opens_ms < variant.certificate_ms < variant.opens_ms + 7 * DAY_MS


def test_what_is_released_and_recreated_is_critical_and_stateless() -> None:
    for variant in map(_draw, SEEDS):
        critical = set(variant.critical_services)
        released = [service for service, _ in variant.releases]
        assert len(set(released)) == len(released)
        assert {*released, *variant.recreated} <= critical
        assert not critical & {"postgresql", "kafka", "valkey-cart", "flagd", "load-generator"}


def test_the_first_manifests_are_one_release_back() -> None:
    variant = _draw(1)
    service, _ = variant.releases[0]
    newest, before = load("shop").services[service].versions[-1:-3:-1]
    labels = {"app.kubernetes.io/version": newest}
    manifest: Json = {
        "kind": "Deployment",
        "metadata": {"name": service, "labels": dict(labels)},
        "spec": {
            "template": {
                "metadata": {"labels": dict(labels)},
                "spec": {"containers": [{"image": f"registry/shop/{service}:{newest}"}]},
            }
        },
    }
    other = {"kind": "Service", "metadata": {"name": service, "labels": dict(labels)}}
    adapted, unchanged = variant.adapted([manifest, other])
    template = adapted["spec"]["template"]
    assert template["spec"]["containers"][0]["image"] == f"registry/shop/{service}:{before}"
    assert template["metadata"]["labels"] == {"app.kubernetes.io/version": before}
    assert ("strategy" in adapted["spec"]) == (service in variant.recreated)
    assert unchanged == other
    assert manifest["metadata"]["labels"] == labels
