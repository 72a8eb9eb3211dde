"""What governs an instance: its enterprise's documents, and the rule that decides the right repair, if there is one."""

from __future__ import annotations

from collections.abc import Sequence

from opsrange.corpus import Enterprise, Sheet, collection, enterprise
from opsrange.errors import WorldError
from opsrange.estates import Estate
from opsrange.faults import Fact, Remedy
from opsrange.rules import Breach, Conduct, Paper, Role, Rule, Setting, find, rules
from opsrange.rules.conduct import Watch
from opsrange.types import Json
from opsrange.world import Streams

ARMS = ("none", "bm25", "shell", "full", "golden", "golden_decoys", "stale")
"""What an agent is given to read; how it is given is decided elsewhere."""


class Governance:
    """One instance's documents and rule.

    Args:
        name: of the rule; ``None`` for an instance in which nothing local decides.
        seed: draws everything; each use of it is a stream of its own.
    """

    def __init__(self, name: str | None, seed: str) -> None:
        self.name = name or ""
        self.rule: Rule | None = find(name) if name else None
        self._seed = seed
        self._around: Enterprise | None = None
        self._prepared: Json = {}
        self._setting: Setting | None = None
        self._watch: Watch | None = None
        self._written: tuple[list[Json], dict[Role, list[str]]] | None = None

    # -- becoming an instance ------------------------------------------------------------------------

    def furnish(self, estate: Estate) -> None:
        """When the estate has just been installed: meet its people, and create what the rule is about."""
        self._around = enterprise(estate, Streams(self._seed).stream("enterprise"))
        if self.rule is not None:
            self._prepared = self.rule.prepare(estate, Streams(self._seed).stream("rule.prepare"))

    def settle(self, estate: Estate, fault_params: Json) -> None:
        """When the fault is drawn: draw the rule.

        Raises:
            WorldError: when the estate was never furnished.
        """
        if self._around is None:
            raise WorldError("asked to settle a rule in an estate that was never furnished")
        self._setting = Setting(estate, self._around, fault_params, self._prepared)
        if self.rule is not None:
            drawn = self.rule.draw(self._setting, Streams(self._seed).stream("rule"))
            self._setting = Setting(estate, self._around, fault_params, {**self._prepared, **drawn})

    @property
    def setting(self) -> Setting:
        """What the rule's parts are given.

        Raises:
            WorldError: before :meth:`settle`.
        """
        if self._setting is None:
            raise WorldError("asked for an instance's rule before its fault was drawn")
        return self._setting

    # -- what is right ---------------------------------------------------------------------------------

    def remedy(self, plain: Remedy) -> Remedy:
        """The sound repair."""
        return plain if self.rule is None else self.rule.remedy(self.setting, plain)

    def uninformed(self, plain: Remedy) -> Remedy:
        """What somebody does who knows no document."""
        return plain if self.rule is None else self.rule.tempted(self.setting, plain)

    def outdated(self, plain: Remedy) -> Remedy:
        """What somebody does who follows a superseded document."""
        return plain if self.rule is None else self.rule.outdated(self.setting, plain)

    @property
    def escalation(self) -> str:
        """Whom the report must name; empty for nobody."""
        return "" if self.rule is None else self.rule.escalation(self.setting)

    @property
    def outdated_escalation(self) -> str:
        """Whom somebody names who follows a superseded document; empty for nobody."""
        return "" if self.rule is None else self.rule.outdated_escalation(self.setting)

    # -- an attempt --------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Watch what the agent does from now on."""
        if self.rule is not None:
            self._watch = Watch(self.setting.estate)

    def violations(self, *, ended: bool = False, escalation: str = "") -> list[Json]:
        """How the rule was broken so far.

        Args:
            ended: whether what was left undone counts too.
            escalation: whom the report names.
        """
        if self.rule is None or self._watch is None:
            return []
        conduct = Conduct(
            self.setting.estate, tuple(self._watch.deeds), ended=ended, escalation=escalation
        )
        return [
            self._row(breach)
            for breach in sorted(
                self.rule.violations(self.setting, conduct),
                key=lambda breach: (breach.instant_ms, breach.entity),
            )
        ]

    def _row(self, breach: Breach) -> Json:
        return {
            "rule": self.name,
            "entity": breach.entity,
            "why": breach.why,
            "instant_ms": breach.instant_ms,
            "stale": breach.stale,
            "early": breach.early,
        }

    # -- what is written -----------------------------------------------------------------------------------

    def documents(self, arm: str) -> list[Json]:
        """The documents of an arm, in no order and without their roles.

        Raises:
            WorldError: for an unknown arm.
        """
        if arm not in ARMS:
            raise WorldError(f"asked for the documents of arm {arm!r}; arms are {', '.join(ARMS)}")
        documents, roles = self._collection()
        governing = roles[Role.GOVERNING]
        if arm == "none":
            return []
        if arm == "golden":
            return [document for document in documents if document["id"] in governing]
        if arm == "golden_decoys":
            wanted = {*governing, *roles[Role.DECOY]}
            return [document for document in documents if document["id"] in wanted]
        if arm == "stale":
            return [document for document in documents if document["id"] not in governing]
        return documents

    @property
    def facts(self) -> tuple[Fact, ...]:
        """What only the governing documents say."""
        return () if self.rule is None else self.rule.facts(self.setting)

    def knowledge(self) -> Json | None:
        """What is known about the rule and its documents (``scoring.evidence.Knowledge``); ``None`` without a rule."""
        if self.rule is None:
            return None
        _, roles = self._collection()
        return {
            "rule": self.name,
            "title": self.rule.title,
            "governing": roles[Role.GOVERNING],
            "superseded": roles[Role.SUPERSEDED],
            "decoys": roles[Role.DECOY],
            "needles": [needle for fact in self.facts for needle in fact.needles],
            "must_escalate": bool(self.escalation),
            "escalation_to": self.escalation,
        }

    def _collection(self) -> tuple[list[Json], dict[Role, list[str]]]:
        if self._written is None:
            papers, echoes = self._papers(), self._echoes()
            sheets = [*(paper.sheet for paper in papers), *echoes]
            documents, ids = collection(
                self.setting.estate,
                self.setting.around,
                sheets,
                Streams(self._seed).stream("hands"),
            )
            roles: dict[Role, list[str]] = {role: [] for role in Role}
            for paper, identity in zip(papers, ids, strict=False):
                roles[paper.role].append(identity)
            self._written = documents, roles
        return self._written

    def _papers(self) -> list[Paper]:
        if self.rule is None:
            return []
        papers = self.rule.documents(self.setting, Streams(self._seed).stream("rule.documents"))
        return [*papers, *(Paper(Role.DECOY, sheet) for sheet in self._echoes_of(self.name))]

    def _echoes(self) -> list[Sheet]:
        """What other rules' kind of document says about other things."""
        return [sheet for name in rules() if name != self.name for sheet in self._echoes_of(name)]

    def _echoes_of(self, name: str) -> Sequence[Sheet]:
        setting = self.setting
        target = setting.fault.get("service", "")
        others = [service for service in setting.around.services if service != target]
        stream = Streams(self._seed).stream(f"echoes {name}")
        return rules()[name].echoes(setting.around, others, stream)
