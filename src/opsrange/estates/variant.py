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
_RELEASES = 4


@dataclass(frozen=True, slots=True)
class Variant:
    """The drawn decisions.

    Names, ages and times differ between estates; so does which services went through a release since the installation.
    """

    namespace: str
    installed_ms: int
    """When everything was installed, weeks before the hour that matters."""
    opens_ms: int
    """When the healthy hour begins."""
    releases: Sequence[tuple[str, int]]
    """Services released since, each after how many milliseconds."""
    critical_services: Sequence[str]
    certificate_ms: int
    """When an old client certificate expires: soon, which raises an alert that hurts nobody."""
    recreated: Sequence[str]
    """Services whose deployments stop old pods before they start new ones."""

    def adapted(self, manifests: Iterable[Json]) -> Iterator[Json]:
        """The application's manifests as this estate first ran them: some services one release back."""
        behind = {service: load("shop").services[service].versions for service, _ in self.releases}
        for original in manifests:
            manifest = copy.deepcopy(original)
            name = manifest["metadata"]["name"]
            if manifest["kind"] == "Deployment":
                if name in self.recreated:
                    manifest["spec"]["strategy"] = {"type": "Recreate"}
                if name in behind:
                    _set_back(manifest, behind[name][-2])
            yield manifest


def _set_back(deployment: Json, tag: str) -> None:
    """Make a deployment one of an earlier release, image and version labels alike."""
    template = deployment["spec"]["template"]
    container = template["spec"]["containers"][0]
    container["image"] = f"{container['image'].rpartition(':')[0]}:{tag}"
    for metadata in (deployment["metadata"], template["metadata"]):
        metadata["labels"]["app.kubernetes.io/version"] = tag


def draw_variant(stream: random.Random) -> Variant:
    """Draw an estate's particulars."""
    critical = critical_services(load("shop"))
    opens_ms = (
        _FIRST_DAY_MS
        + stream.randint(4, 200) * 24 * HOUR_MS
        + stream.randint(7 * 60, 17 * 60) * MINUTE_MS
    )
    age_hours = stream.randint(15 * 24, 90 * 24)
    released = stream.sample(critical, _RELEASES)
    gaps = [stream.randint(24, age_hours // _RELEASES - 24) * HOUR_MS for _ in released]
    recreated = sorted(stream.sample(critical, max(3, round(len(critical) * _RECREATED_SHARE))))
    return Variant(
        namespace=draw_namespace(stream),
        installed_ms=opens_ms - age_hours * HOUR_MS - stream.randint(0, 59) * MINUTE_MS,
        opens_ms=opens_ms,
        releases=list(zip(released, gaps, strict=True)),
        critical_services=critical,
        certificate_ms=opens_ms + stream.randint(30, 160) * HOUR_MS,
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
