"""What characters have in common: where they are, what they have seen, and the usual moves of somebody on call."""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

from opsrange.agents.policy import AnswerKey, Case, Move, Open, Output, Propose, Search
from opsrange.errors import AuthorError
from opsrange.faults import normal
from opsrange.trace import Quote, Report, RootCause

Moves = Generator[Move, Output, None]
_QUOTE_MAX = 160
_DOCUMENTS_MAX = 6
_ID = re.compile(r"^\[([^\]\s]+)\]", re.MULTILINE)
_READING = re.compile(
    r"\bkubectl\b.*\b(get|describe|logs|top|rollout (status|history)|set env \S+ --list)\b(?!.*\|\s*kubectl)"
)
_LEFT_OUT = re.compile(r"its commands change (.+?), which it does not name")
ERRORS = (
    "curl -sG http://prometheus:9090/api/v1/query "
    "--data-urlencode 'query=service:request_errors:ratio_rate2m > 0.01' "
    """| jq -r '.data.result[] | .metric.service_name + " " + .value[1]'"""
)
ALERTS = (
    "curl -s 'http://alertmanager:9093/api/v2/alerts?active=true' "
    """| jq -r '.[] | .labels.alertname + ": " + (.annotations.description // "")'"""
)


@dataclass
class Shift:
    """One character at work on one incident."""

    case: Case
    key: AnswerKey
    namespace: str
    kind: str
    name: str
    """Of the true cause."""
    shown: list[str] = field(default_factory=list)
    """Per command, what it showed."""
    read: str = ""
    """Everything seen of documents."""

    @classmethod
    def begin(cls, case: Case) -> Shift:
        """Take over.

        Raises:
            AuthorError: when the case has no answer key.
        """
        if case.key is None:
            raise AuthorError("a character was given no answer key; the world must answer `oracle`")
        namespace, kind, name = case.key.report.root_causes[0].entity.split("/")
        return cls(case, case.key, namespace, kind, name, read=case.documents)

    # -- moves -------------------------------------------------------------------------------------

    def run(self, command: str) -> Generator[Move, Output, Output]:
        """One command."""
        output = yield command
        self.shown.append("\n".join(part for part in (output.text, output.stderr) if part))
        return output

    def run_all(self, commands: Sequence[str]) -> Moves:
        """Commands, whatever they answer; where a plan is wanted first, one for what is left to do."""
        proposed = False
        for number, command in enumerate(commands):
            output = yield from self.run(command)
            if "submit_plan" in output.stderr and not proposed:
                proposed = True
                approved = yield from self.propose(commands[number:])
                if approved:
                    yield from self.run(command)

    def propose(self, commands: Sequence[str]) -> Generator[Move, Output, bool]:
        """Submit a plan; a second time when it left out what its own commands change. Returns whether it was approved."""
        entities = [self.key.report.root_causes[0].entity]
        text = f"Repair {entities[0]}: {self.key.report.root_causes[0].mechanism}"
        answer = yield Propose(text, tuple(entities), tuple(commands))
        left_out = _LEFT_OUT.search(answer.stderr)
        if not answer.ok and left_out:
            entities += left_out[1].split(", ")
            answer = yield Propose(text, tuple(entities), tuple(commands))
        return answer.ok

    def look(self) -> Moves:
        """What a sound engineer looks at first, and what the key's own repair looks at."""
        yield from self.run(ALERTS)
        yield from self.run(f"kubectl -n {self.namespace} get pods")
        yield from self.run(
            f"kubectl -n {self.namespace} get events --sort-by=.lastTimestamp | tail -20"
        )
        yield from self.run(
            f"kubectl -n {self.namespace} get {self.kind.lower()} {self.name} -o yaml"
        )

    def study(self, *queries: str) -> Moves:
        """Search the documents, and open what is found; where there are none to search, go on without."""
        opened: dict[str, None] = {}
        for query in queries:
            found = yield Search(query, limit=_DOCUMENTS_MAX)
            if not found.ok:
                return
            for identity in _ID.findall(found.text):
                if identity not in opened and len(opened) < 2 * _DOCUMENTS_MAX:
                    opened[identity] = None
                    document = yield Open(identity)
                    self.read += f"\n{document.text}"

    def verify(self) -> Moves:
        """Let things settle, then see what users meet."""
        yield from self.run(f"sleep 150; {ERRORS}")
        yield from self.run(ALERTS)

    # -- what it knows -----------------------------------------------------------------------------

    @property
    def knows_the_rule(self) -> bool:
        """Whether everything that the rule in force says was read."""
        plain = normal(self.read)
        return bool(self.key.rule_needles) and all(
            re.search(needle, plain) for needle in self.key.rule_needles
        )

    def questions(self) -> tuple[str, ...]:
        """What one asks documents before a repair."""
        return (
            f"{self.name} runbook",
            f"before changing {self.name}",
            f"{self.kind} {self.name} policy owner escalation freeze",
        )

    # -- the report --------------------------------------------------------------------------------

    def report(self, **claims: object) -> Report:
        """The true cause with quotes of what was really shown, and whatever the character claims beside."""
        cause = self.key.report.root_causes[0]
        known = {
            "root_causes": [
                RootCause(entity=cause.entity, mechanism=cause.mechanism, evidence=self.quotes())
            ],
            "healthy": True,
            "confidence": 0.9,
            "summary": cause.mechanism,
        }
        return Report.model_validate({**known, **claims})

    def quotes(self) -> list[Quote]:
        """One exact line that names the cause."""
        for index, text in enumerate(self.shown):
            for line in text.splitlines():
                if self.name in line:
                    return [Quote(step=index, text=line.strip()[:_QUOTE_MAX])]
        return []


def writes(commands: Sequence[str]) -> list[str]:
    """The commands that are more than a look."""
    return [command for command in commands if not _READING.search(command)]
