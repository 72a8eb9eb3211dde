"""A real Prometheus over the same samples as our store; skipped with the reason where the programs are missing."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from opsrange.telemetry.metrics import NAME, Labels, labels_of
from opsrange.telemetry.telemetry import Telemetry
from opsrange.wire import Request
from opsrange.world import Kernel

START_MS = 1_700_000_100_000
SCRAPES = 160
PERIOD_MS = 15_000
BOUNDS = (5.0, 10.0, 25.0, 50.0, 100.0, 250.0, float("inf"))


@dataclass(frozen=True)
class Sample:
    labels: Labels
    instant_ms: int
    value: float


class Answerer:
    """Anything that answers GETs of Prometheus' API."""

    def get(self, path: str, **query: str | list[str]) -> tuple[int, Any]:
        raise NotImplementedError


class Twin(Answerer):
    def __init__(self) -> None:
        self.kernel = Kernel("conformance", START_MS)
        self.telemetry = Telemetry(self.kernel, "groups: []")
        self.samples: list[Sample] = []
        _fill(self)

    def get(self, path: str, **query: str | list[str]) -> tuple[int, Any]:
        lists = {name: v if isinstance(v, list) else [v] for name, v in query.items()}
        response = self.telemetry.prometheus.handle(Request("GET", path, lists))
        return response.status, json.loads(response.body)


class Real(Answerer):
    def __init__(self, address: str) -> None:
        self._address = address

    def get(self, path: str, **query: str | list[str]) -> tuple[int, Any]:
        url = f"http://{self._address}{path}?{urllib.parse.urlencode(query, doseq=True)}"
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)


def _fill(twin: Twin) -> None:
    """Regular counters, gauges and histograms by way of scrapes; a gappy series and one with resets by way of writes."""
    metrics, kernel = twin.telemetry.metrics, twin.kernel
    random = kernel.streams.stream("samples")
    for number in range(SCRAPES):
        kernel.now_ms = START_MS + number * PERIOD_MS
        for service in ("cart", "checkout", "frontend", "payment"):
            server = {"service_name": service, "span_kind": "SPAN_KIND_SERVER", "job": "shop"}
            for status in ("OK", "ERROR"):
                labels = {**server, "status_code": f"STATUS_CODE_{status}"}
                amount = random.randrange(40) if status == "OK" else random.randrange(0, 9, 4)
                if service != "payment" or number > 60:
                    metrics.count("calls_total", labels, amount)
            counts = {bound: float(random.randrange(6)) for bound in BOUNDS}
            metrics.buckets("duration_ms", server, counts, sum(counts.values()) * 20.5)
            metrics.gauge("memory_bytes", server, 1e8 + random.random() * 1e7)
            metrics.gauge("limit_bytes", {"service_name": service, "tier": service[0]}, 2e8)
        metrics.gauge("temperature", {"room": "a"}, random.uniform(-10, 10))
        metrics.gauge("temperature", {"room": "b"}, float(number % 7) - 3)
        metrics.gauge("flat", {"room": "a"}, 4.0)
        metrics.scrape()
        if number % 5 not in (2, 3):
            metrics.write(labels_of("gappy", {"room": "a"}), number * 1.5)
        metrics.write(labels_of("restarting_total", {"pod": "x"}), float(number % 37) * 3)
        if number < 70:
            metrics.write(labels_of("gone", {"room": "a"}), 1.0)
    for column, series in enumerate(metrics.series):
        found = metrics.samples(column, (0, len(metrics.rows)))
        twin.samples += [Sample(series, instant_ms, value) for instant_ms, value in found]


def _exposition(samples: Sequence[Sample]) -> str:
    lines = []
    for sample in samples:
        pairs = ",".join(f'{k}="{v}"' for k, v in sample.labels if k != NAME)
        name = dict(sample.labels)[NAME]
        lines.append(f"{name}{{{pairs}}} {sample.value!r} {sample.instant_ms / 1000!r}")
    return "\n".join([*lines, "# EOF", ""])


def program(name: str) -> str:
    """The path of a program of the Debian package ``prometheus``, or a skip that says so."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed (Debian package: prometheus)")
    return found


@pytest.fixture(scope="session")
def twin() -> Twin:
    return Twin()


@pytest.fixture(scope="session")
def real(twin: Twin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    prometheus, promtool = program("prometheus"), program("promtool")
    folder = tmp_path_factory.mktemp("prometheus")
    source, data = folder / "samples.om", folder / "data"
    source.write_text(_exposition(twin.samples), encoding="utf-8")
    (folder / "prometheus.yml").write_text("global: {}\n", encoding="utf-8")
    subprocess.run(
        [promtool, "tsdb", "create-blocks-from", "openmetrics", str(source), str(data)],
        check=True,
        capture_output=True,
    )
    yield from _serve(prometheus, folder, data)


def _serve(prometheus: str, folder: Path, data: Path) -> Iterator[Real]:
    command = [
        prometheus,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={data}",
        "--storage.tsdb.retention.time=100y",
        "--web.listen-address=127.0.0.1:0",
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        address, ready, seen = "", False, list[str]()
        try:
            for line in process.stderr:
                seen.append(line)
                listening = re.search(r"Listening on\"? address=(\S+)", line)
                address = listening[1] if listening else address
                ready = ready or "Server is ready" in line
                if ready and address:  # the two lines come in either order
                    break
            assert address, "prometheus did not start:\n" + "".join(seen)
            yield Real(address)
        finally:
            process.terminate()
            process.stderr.read()
