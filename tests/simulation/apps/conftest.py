"""A network made of plain data, a sink that hashes, a supervisor that restarts: the estate's stand-in."""

from __future__ import annotations

import hashlib
import json
import math
import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pytest

from opsrange.apps.application import Application
from opsrange.apps.definition import Definition, load
from opsrange.apps.manifests import render
from opsrange.apps.ports import Instance, Reach, Route
from opsrange.apps.registry import Registry
from opsrange.types import MINUTE_MS, Json, Span
from opsrange.world import Kernel

START_MS = 1_790_000_000_000 // 60_000 * 60_000
_UNITS = {"Mi": 1 << 20, "Gi": 1 << 30}


def memory_bytes(text: str) -> int:
    return int(text[:-2]) * _UNITS[text[-2:]]


class Recorder:
    """A sink that keeps sums and a digest."""

    def __init__(self) -> None:
        self.counters: dict[tuple[str, tuple[tuple[str, str], ...]], float] = defaultdict(float)
        self.gauges: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
        self.logs: list[tuple[str, str]] = []
        self.traces: list[list[Span]] = []
        self._hash = hashlib.sha256()

    def _absorb(self, *parts: object) -> None:
        self._hash.update(json.dumps(parts, sort_keys=True, default=str).encode())

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()

    def count(self, name: str, labels: Mapping[str, str], amount: float) -> None:
        self._absorb(name, dict(labels), amount)
        self.counters[name, tuple(sorted(labels.items()))] += amount

    def gauge(self, name: str, labels: Mapping[str, str], value: float) -> None:
        self._absorb(name, dict(labels), value)
        self.gauges[name, tuple(sorted(labels.items()))] = value

    def buckets(
        self, name: str, labels: Mapping[str, str], counts: Mapping[float, float], total_sum: float
    ) -> None:
        assert math.inf in counts
        self._absorb(
            name, dict(labels), [[str(bound), n] for bound, n in counts.items()], total_sum
        )

    def log(self, instance: Instance, text: str, *, offset_ms: int = 0) -> None:
        self._absorb(instance.pod, text, offset_ms)
        self.logs.append((instance.workload, text))

    def trace(self, spans: Sequence[Span]) -> None:
        self._absorb([repr(span) for span in spans])
        self.traces.append(list(spans))

    def total(self, name: str, **labels: str) -> float:
        return sum(
            amount
            for (known, pairs), amount in self.counters.items()
            if known == name and all((key, value) in pairs for key, value in labels.items())
        )

    def said(self, service: str, words: str) -> bool:
        return any(who == service and words in text for who, text in self.logs)


class DataNetwork:
    """Services by name, instances by list; everything may be overridden."""

    def __init__(self, definition: Definition, manifests: Sequence[Json]) -> None:
        self.version = 1
        self.present: list[Instance] = []
        self.services: dict[str, tuple[str, int]] = {}
        self.target_ports: dict[str, int] = {}
        self.forced: dict[tuple[str, str], Reach] = {}
        self._files: dict[str, dict[str, str]] = {}
        self._secrets: dict[str, dict[str, str]] = {}
        for each in manifests:
            if each["kind"] == "ConfigMap":
                self._files[each["metadata"]["name"]] = each["data"]
            if each["kind"] == "Secret":
                self._secrets[each["metadata"]["name"]] = each["stringData"]
        for each in manifests:
            if each["kind"] == "Service":
                for port in each["spec"]["ports"]:
                    self.services[f"{each['metadata']['name']}:{port['port']}"] = (
                        each["metadata"]["name"],
                        port["targetPort"],
                    )
            if each["kind"] == "Deployment":
                self._deploy(definition, each)

    def _deploy(self, definition: Definition, deployment: Json) -> None:
        name = deployment["metadata"]["name"]
        container = deployment["spec"]["template"]["spec"]["containers"][0]
        env = {}
        for entry in container["env"]:
            if "value" in entry:
                env[entry["name"]] = entry["value"]
            else:
                reference = entry["valueFrom"]["secretKeyRef"]
                env[entry["name"]] = self._secrets[reference["name"]][reference["key"]]
        limits = container["resources"]["limits"]
        cpu = limits["cpu"]
        files = {}
        if definition.services[name].flag_file:
            text = self._files["flagd-config"]["demo.flagd.json"]
            files[definition.services[name].flag_file] = text
        for index in range(deployment["spec"]["replicas"]):
            self.present.append(
                Instance(
                    uid=f"{name}-{index}",
                    pod=f"{name}-7c9d-{index}",
                    workload=name,
                    namespace="shop",
                    node="node-1",
                    container=name,
                    release=container["image"].rpartition(":")[2],
                    env=env,
                    files=files,
                    ports=[port["containerPort"] for port in container.get("ports", [])],
                    cpu_limit_millicores=int(cpu[:-1]) if cpu.endswith("m") else int(cpu) * 1000,
                    memory_limit_bytes=memory_bytes(limits["memory"]),
                    started_ms=START_MS - 3_600_000,
                    restart=0,
                    ready=True,
                )
            )

    def instances(self) -> Sequence[Instance]:
        return self.present

    def resolve(self, caller: Instance | None, host: str, port: int) -> Route:
        names = [key.partition(":")[0] for key in self.services]
        if host not in names:
            return Route(Reach.NO_SUCH_HOST)
        address = f"10.96.0.{names.index(host) + 20}:{port}"
        forced = self.forced.get((caller.workload if caller else "", host))
        if forced is not None:
            return Route(forced, address=address)
        found = self.services.get(f"{host}:{port}")
        if found is None:
            return Route(Reach.TIMEOUT, address=address)
        target = self.target_ports.get(host, found[1])
        backends = [
            (each.uid, target) for each in self.present if each.workload == host and each.ready
        ]
        if not backends:
            return Route(Reach.REFUSED, address=address)
        return Route(Reach.OK, backends, address)

    def change(self, workload: str, **fields: object) -> None:
        """Replace fields of a workload's instances; ``env`` is merged."""
        changed = []
        for each in self.present:
            if each.workload == workload:
                edits = dict(fields)
                if "env" in edits:
                    assert isinstance(edits["env"], dict)
                    edits["env"] = {**each.env, **edits["env"]}
                changed.append(replace(each, **edits))  # type: ignore[arg-type] # the test names fields
            else:
                changed.append(each)
        self.present = changed
        self.version += 1

    def remove(self, workload: str) -> None:
        self.present = [each for each in self.present if each.workload != workload]
        self.version += 1


class Shop:
    """The shop on a data network."""

    def __init__(self, seed: str = "1") -> None:
        self.kernel = Kernel(seed, START_MS)
        definition = load("shop")
        draws = random.Random(seed)
        self.manifests = render(definition, Registry(definition), "shop", draws)
        self.network = DataNetwork(definition, self.manifests)
        self.recorder = Recorder()
        self.exits: list[tuple[int, str, str, int, str]] = []
        self.app = Application(self.kernel, self.network, self.recorder, self, definition)
        self.app.start()

    def exited(self, uid: str, container: str, exit_code: int, reason: str) -> None:
        """Restart at once, as a kubelet does the first time."""
        self.exits.append((self.kernel.now_ms, uid, container, exit_code, reason))
        restarted = [
            replace(each, restart=each.restart + 1, started_ms=self.kernel.now_ms)
            if each.uid == uid
            else each
            for each in self.network.present
        ]
        self.network.present = restarted
        self.network.version += 1

    def run(self, minutes: float) -> None:
        self.kernel.advance_to(self.kernel.now_ms + round(minutes * MINUTE_MS))

    def flag(self, name: str, variant: str) -> None:
        flagd = next(each for each in self.network.present if each.workload == "flagd")
        path, text = next(iter(flagd.files.items()))
        document = json.loads(text)
        document["flags"][name]["defaultVariant"] = variant
        self.network.change("flagd", files={path: json.dumps(document)})

    def failing(self, *operations: str, minutes: float = 1) -> float:
        """Failed share of user operations over the last minutes."""
        since = self.kernel.now_ms - minutes * MINUTE_MS
        rows = [
            row
            for row in self.app.journeys
            if row.instant_ms > since and (not operations or row.operation in operations)
        ]
        return sum(row.failed for row in rows) / max(1, sum(row.attempted for row in rows))

    def p95_ms(self, operation: str) -> float:
        return next(row for row in reversed(self.app.journeys) if row.operation == operation).p95_ms


@pytest.fixture
def open_shop() -> Callable[..., Shop]:
    """Build shops; the argument is the seed."""
    return Shop
