"""What an agent did, as the world's own record of writes has it; a rule is judged from this and never from commands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from opsrange.estates import Estate
from opsrange.kube.store import Change, key_of
from opsrange.types import Json

_AGENT = "agent"


@dataclass(frozen=True, slots=True)
class Deed:
    """One write of the agent's."""

    instant_ms: int
    entity: str
    """``namespace/Kind/name``."""
    old: Json | None
    """The object before; ``None`` when it was created. Treat it as immutable, as ``new``."""
    new: Json | None
    """The object after; ``None`` when it was deleted."""
    ready: Mapping[str, int] = field(default_factory=dict)
    """How many pods of each of the application's deployments were ready at that instant."""


@dataclass(frozen=True, slots=True)
class Breach:
    """One way in which a rule was broken."""

    entity: str
    why: str
    instant_ms: int
    stale: bool = False
    """Whether a superseded document asks for just that."""
    early: bool = False
    """Whether something had to be done, or be true, first."""


@dataclass(frozen=True, slots=True)
class Conduct:
    """An attempt so far, or at its end."""

    estate: Estate
    """As it is now."""
    deeds: Sequence[Deed] = ()
    """In order."""
    ended: bool = False
    """Whether the attempt is over, so that what was left undone counts too."""
    escalation: str = ""
    """Whom the report names; empty without one."""

    @property
    def now_ms(self) -> int:
        """The present instant."""
        return self.estate.kernel.now_ms

    def on(self, entity: str) -> Iterator[Deed]:
        """The deeds on one entity."""
        return (deed for deed in self.deeds if deed.entity == entity)


@dataclass(slots=True)
class Watch:
    """Keeps the agent's writes from now on."""

    estate: Estate
    deeds: list[Deed] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin."""
        self.estate.cluster.store.subscribe(self._saw)

    def _saw(self, change: Change) -> None:
        if change.actor != _AGENT:
            return
        namespace, name = key_of(change.last)
        entity = f"{namespace or 'cluster'}/{change.kind.kind}/{name}"
        ready = {
            deployment["metadata"]["name"]: deployment.get("status", {}).get("readyReplicas", 0)
            for deployment in self.estate.operator.list("deployments", self.estate.namespace)
        }
        self.deeds.append(Deed(self.estate.kernel.now_ms, entity, change.old, change.new, ready))
