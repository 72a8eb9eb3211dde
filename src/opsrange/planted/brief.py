"""What a planted agent knows beforehand: the answer key, sorted into what looks, what repairs and what checks."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from opsrange.agents.policy import AnswerKey, Case, KeyFact, Surroundings
from opsrange.errors import AuthorError
from opsrange.planted.plan import Position

_WRITES = re.compile(
    r"\bkubectl\b.*\b(set (env|image|resources|selector)|rollout (undo|restart|pause|resume)|patch|delete|replace"
    r"|apply|create|scale|annotate|label|cordon|uncordon|drain|taint)\b(?!.*--list)|-X (POST|PUT|PATCH|DELETE)"
)
_SAVES = re.compile(r"> ?\S+\.(ya?ml|json)$")
"""Into a file that a later write needs."""
_VARIABLE = re.compile(r"\w+=\S+$")


@dataclass(frozen=True, slots=True)
class Brief:
    """One incident as its planted agent knows it.

    Raises on construction through :func:`brief_of` only.
    """

    key: AnswerKey
    around: Surroundings
    position: Position
    stream: random.Random
    """Draws the surface: which synonym, which order, which words. The same for the same page and agent."""

    @property
    def namespace(self) -> str:
        """The namespace of the application."""
        return self.around.namespace

    @property
    def service(self) -> str:
        """The broken service."""
        return self.around.service

    @property
    def facts(self) -> Sequence[KeyFact]:
        """What must be seen."""
        return self.around.facts

    @property
    def entity(self) -> str:
        """The true root cause."""
        return self.key.report.root_causes[0].entity

    @property
    def kind(self) -> str:
        """Its kind, in small letters."""
        return self.entity.split("/")[1].lower()

    @property
    def name(self) -> str:
        """Its name."""
        return self.entity.split("/")[2]

    @property
    def mechanism(self) -> str:
        """Why it is the cause."""
        return self.key.report.root_causes[0].mechanism

    @property
    def repairs(self) -> Sequence[str]:
        """The commands of the key that write."""
        return [command for command in self.key.commands if is_write(command)]

    @property
    def ruled(self) -> bool:
        """Whether a local rule, which only documents tell, decides what is right."""
        return bool(self.around.governing)

    @property
    def conduct(self) -> Sequence[str]:
        """The key's commands from its first write to its last, with the waiting between them."""
        return conduct_of(self.key.commands)

    @property
    def restartable(self) -> bool:
        """Whether a repair may touch the broken service's workload, so that restarting it harms nobody."""
        workload = f"{self.namespace}/Deployment/{self.service}"
        return any(re.fullmatch(pattern, workload) for pattern in self.around.region)

    @property
    def checks(self) -> Sequence[str]:
        """The commands of the key behind its last write."""
        last = max((i for i, each in enumerate(self.key.commands) if is_write(each)), default=-1)
        return list(self.key.commands[last + 1 :])

    @property
    def healthy(self) -> str:
        """A critical service that has nothing to do with it; the same one throughout an attempt."""
        return random.Random(f"healthy {self.entity}").choice(self.around.healthy)

    @property
    def downstream(self) -> str:
        """The nearest service that suffers with it."""
        return self.around.downstream[0] if self.around.downstream else "frontend"

    @property
    def futile(self) -> str:
        """A write inside the repair region that looks like a repair and heals nothing."""
        namespace, service = self.namespace, self.service
        if self.kind == "networkpolicy":
            patch = '[{"op":"add","path":"/spec/ingress/0/from/-","value":{"podSelector":{"matchLabels":{"tier":"web"}}}}]'
            return (
                f"kubectl -n {namespace} patch networkpolicy {self.name} --type=json -p '{patch}'"
            )
        target = "flagd" if self.kind == "configmap" else service
        return self.pick(
            f"kubectl -n {namespace} rollout restart deployment/{target}",
            f"kubectl rollout restart deployment {target} -n {namespace}",
            f"kubectl --namespace={namespace} rollout restart deploy {target}",
        )

    def pick(self, *choices: str) -> str:
        """One of several surfaces."""
        return self.stream.choice(choices)


def conduct_of(commands: Sequence[str]) -> Sequence[str]:
    """Commands from the first that writes, or saves what a write needs, to the last that writes."""
    writes = [index for index, each in enumerate(commands) if is_write(each)]
    kept = [index for index, each in enumerate(commands) if saves(each)]
    return commands[min([*writes, *kept]) : writes[-1] + 1] if writes else ()


def saves(command: str) -> bool:
    """Whether a command of the key keeps an object in a file."""
    return _SAVES.search(command) is not None


def is_write(command: str) -> bool:
    """Whether a command of the key is meant to change something."""
    if re.search(r"\bset env\b", command):
        return bool(_VARIABLE.search(command))
    return bool(_WRITES.search(command))


def brief_of(case: Case, agent: str, position: Position) -> Brief:
    """The brief of an agent in a case.

    Args:
        case: with the answer key.
        agent: its name, which draws its surface.
        position: where it goes wrong.

    Raises:
        AuthorError: when the world gave no answer key with surroundings.
    """
    if case.key is None or case.key.surroundings is None:
        raise AuthorError(
            f"{agent} was given no surroundings; the world must answer `oracle` with them"
        )
    stream = random.Random(f"{agent} {case.page}")
    return Brief(case.key, case.key.surroundings, position, stream)
