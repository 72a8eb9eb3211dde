"""What the seed decides about an estate before it exists."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from opsrange.apps.definition import Definition, load
from opsrange.estates.platform import draw_namespace
from opsrange.types import HOUR_MS, MINUTE_MS, Json

_FIRST_DAY_MS = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp()) * 1000
_STATEFUL = {"postgresql", "kafka", "valkey-cart", "flagd"}
_EDGE = {"load-generator", "frontend-proxy", "frontend", "llm"}
_RECREATED_SHARE = 0.6


@dataclass(frozen=True, slots=True)
class Variant:
    """The drawn decisions."""

    namespace: str
    installed_ms: int
    """When everything was installed, some days before the hour that matters."""
    opens_ms: int
    """When the healthy hour begins."""
    releases: Sequence[tuple[str, int]]
    """Services released since, each after how many milliseconds."""
    critical_services: Sequence[str]
    recreated: Sequence[str]
    """Services whose deployments stop old pods before they start new ones."""

    def adapted(self, manifests: Iterable[Json]) -> Iterator[Json]:
        """The application's manifests as this estate runs them: history begins one release back."""
        behind = {service for service, _ in self.releases}
        tags = {name: service.versions for name, service in load("shop").services.items()}
        for original in manifests:
            manifest = copy.deepcopy(original)
            name = manifest["metadata"]["name"]
            if manifest["kind"] == "Deployment":
                if name in self.recreated:
                    manifest["spec"]["strategy"] = {"type": "Recreate"}
                if name in behind:
                    container = manifest["spec"]["template"]["spec"]["containers"][0]
                    container["image"] = f"{container['image'].rpartition(':')[0]}:{tags[name][-2]}"
            yield manifest


def draw_variant(stream: random.Random) -> Variant:
    """Draw an estate's particulars."""
    critical = critical_services(load("shop"))
    opens_ms = _FIRST_DAY_MS + stream.randint(4, 200) * 24 * HOUR_MS + stream.randint(7, 17) * HOUR_MS
    age_hours = stream.randint(40, 90)
    released = stream.sample(critical, 3)
    gaps = [age_hours * HOUR_MS // 5 // HOUR_MS * HOUR_MS for _ in released]
    recreated = sorted(stream.sample(critical, max(3, round(len(critical) * _RECREATED_SHARE))))
    return Variant(
        namespace=draw_namespace(stream),
        installed_ms=opens_ms - age_hours * HOUR_MS - stream.randint(0, 59) * MINUTE_MS,
        opens_ms=opens_ms,
        releases=list(zip(released, gaps, strict=True)),
        critical_services=critical,
        recreated=recreated,
    )


def critical_services(definition: Definition) -> Sequence[str]:
    """Stateless services on a path that some user-facing operation cannot do without, alphabetically."""
    reached: dict[str, None] = {}

    def visit(service: str, operation: str) -> None:
        for call in definition.services[service].operations[operation].calls:
            if not call.optional and call.times >= 1:
                reached[call.to] = None
                visit(call.to, call.op)

    for operation in definition.services[definition.load.service].operations:
        visit(definition.load.service, operation)
    return sorted(set(reached) - _STATEFUL - _EDGE)
