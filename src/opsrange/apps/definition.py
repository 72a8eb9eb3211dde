"""What an application is: services, operations, calls, flags, stores; read strictly from YAML."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from opsrange.errors import AuthorError

Protocol = Literal["grpc", "http", "redis", "postgres", "kafka"]


class Part(BaseModel):
    """Base of every part: unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Port(Part):
    """A port the process listens on."""

    name: str
    port: int
    protocol: Protocol
    env: str = ""
    """The variable that overrides ``port``."""


class Pool(Part):
    """A client's bounded set of connections."""

    env: str
    size: int
    hold_ms: float
    """How long a request keeps its connection, when the server answers at its healthy pace."""
    timeout_ms: float
    timeout_env: str = ""


class Dependency(Part):
    """How a service reaches another."""

    address: list[str]
    """One variable holding ``host:port``, a URL or a connection string; or two: host and port."""
    protocol: Protocol
    timeout_ms: float
    retries: int = 0
    pool: Pool | None = None


class Call(Part):
    """One call an operation makes."""

    to: str
    op: str
    times: float = 1.0
    """Mean calls per request; below one for calls only some requests make."""
    optional: bool = False
    """The operation succeeds without it."""
    parallel: bool = False
    keeps: dict[str, float] = Field(default_factory=dict)
    """Items a successful call adds to a store of the callee."""
    produces: str = ""
    """The topic a successful call appends to."""


class Operation(Part):
    """One thing a service does, costed per request."""

    cpu_ms: float
    work_ms: float = 0.0
    """Time that is not computing: disk, think time, remote parties outside the model."""
    sigma: float = 0.45
    """Spread of latency: standard deviation of its logarithm."""
    error_rate: float = 0.0002
    span: str = ""
    kind: Literal["server", "consumer"] = "server"
    calls: list[Call] = Field(default_factory=list)
    lines: list[str] = Field(default_factory=list)
    silent: bool = False
    """Whether the service itself emits no spans for it, as databases do not."""
    weight: float = 0.0
    """Share of the synthetic users' requests; only for the load generator."""
    paths: list[str] = Field(default_factory=list)
    """Prefixes of URL paths at the front door."""
    consumes: str = ""
    rate_max: float = 0.0
    """Messages per second one consumer manages."""


class Effect(Part):
    """What an enabled feature flag does to the service that evaluates it; a number is multiplied by the flag's value."""

    operations: list[str] = Field(default_factory=list)
    """Empty for all."""
    error_rate: float = 0.0
    message: str = ""
    latency_ms: float = 0.0
    latency_ms_per_value: float = 0.0
    cpu_factor: float = 1.0
    leak_bytes: float = 0.0
    leak_bytes_per_value: float = 0.0
    load_factor: float = 0.0
    rate_factor: float = 1.0
    redirect: dict[str, str] = Field(default_factory=dict)
    calls_factor: dict[str, float] = Field(default_factory=dict)


class Store(Part):
    """Durable or not so durable state a service holds."""

    survives: Literal["nothing", "container", "volume"]
    """What the content outlives: nothing (memory), a container's restart (scratch volume), the pod (persistent volume)."""
    seed: int
    """Items when the world begins."""
    expiry_s: float = 0.0
    bytes_each: float = 0.0
    retention_s: float = 0.0


class Resources(Part):
    """Kubernetes quantities, request first, limit second."""

    cpu: tuple[str, str]
    memory: tuple[str, str]


class Health(Part):
    """How its health is probed."""

    kind: Literal["http", "tcp", "grpc"]
    path: str = ""


class Connections(Part):
    """A server's own limit of client connections."""

    env: str
    size: int


class Service(Part):
    """One workload of the application."""

    language: str
    replicas: tuple[int, int]
    """Fewest and most in a healthy installation."""
    ports: list[Port]
    startup_ms: int
    memory_mib: float
    resources: Resources
    operations: dict[str, Operation]
    image: str = ""
    """Repository, when it is not one of the application's own."""
    versions: list[str] = Field(default_factory=lambda: ["2.0.2", "2.1.0", "2.1.3"])
    """Healthy releases, oldest first; the last one is installed."""
    health: Health | None = None
    env: dict[str, str] = Field(default_factory=dict)
    """``secret:`` marks values that come from a Secret."""
    required: list[str] = Field(default_factory=list)
    dependencies: dict[str, Dependency] = Field(default_factory=dict)
    flags: dict[str, Effect] = Field(default_factory=dict)
    counters: dict[str, str] = Field(default_factory=dict)
    """Application metrics: counter name -> the operation it counts, or ``*``."""
    stores: dict[str, Store] = Field(default_factory=dict)
    connections: Connections | None = None
    flag_file: str = ""
    hpa: tuple[int, int] | None = None


class Load(Part):
    """The synthetic users."""

    service: str
    users_env: str
    users: int
    think_s: float
    flood_flag: str = ""


class Entry(Part):
    """The front door."""

    service: str
    port: int


class Definition(Part):
    """A whole application."""

    name: str
    registry: str
    entry: Entry
    load: Load
    services: dict[str, Service]

    def repository(self, service: str) -> str:
        """The image repository of a service."""
        return self.services[service].image or f"{self.registry}/{service}"

    def needed_by(self, service: str, operation: str) -> list[str]:
        """Services without which an operation of ``service`` fails, in alphabetical order."""
        found: set[str] = set()
        left = [(service, operation)]
        while left:
            name, op = left.pop()
            calls = self.services[name].operations[op].calls
            needed = [call for call in calls if not call.optional]
            found.update(call.to for call in needed)
            left += [(call.to, call.op) for call in needed]
        return sorted(found)

    def callers_of(self, service: str) -> dict[str, int]:
        """Services that suffer when ``service`` does, with the number of calls between; nearest first."""
        found: dict[str, int] = {}
        reached, distance = {service}, 0
        while reached:
            distance += 1
            reached = {
                name
                for name, each in self.services.items()
                for operation in each.operations.values()
                for call in operation.calls
                if call.to in reached and name not in found and name != service
            }
            found |= dict.fromkeys(sorted(reached), distance)
        return found


@cache
def read(name: str) -> dict[str, Any]:
    """A YAML document of the catalogue, by file name without suffix."""
    path = files("opsrange.apps.catalogue") / f"{name}.yaml"
    document: dict[str, Any] = yaml.load(path.read_text("utf-8"), Loader=_LOADER)  # noqa: S506 - a safe loader
    return document


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def load(name: str) -> Definition:
    """The application called ``name`` of the catalogue.

    Raises:
        AuthorError: when its YAML is not a sound definition.
    """
    try:
        definition = Definition.model_validate(read(name))
    except ValidationError as error:
        raise AuthorError(f"application {name!r} in the catalogue is not valid: {error}") from error
    _check(definition)
    return definition


def _check(definition: Definition) -> None:
    """Every call must lead to an operation that exists, over a declared dependency."""
    for name, service in definition.services.items():
        for operation in service.operations.values():
            for call in operation.calls:
                callee = definition.services.get(call.to)
                if callee is None or call.op not in callee.operations:
                    raise AuthorError(f"{name} calls {call.to} {call.op!r}, which does not exist")
                if call.to not in service.dependencies:
                    raise AuthorError(f"{name} calls {call.to} but declares no dependency on it")
