"""All documents of an enterprise: what is given, among what people write anyway."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence

from opsrange.corpus.enterprise import Enterprise
from opsrange.corpus.phrases import topics
from opsrange.corpus.sheet import Kind, Sheet
from opsrange.corpus.styles import day, written
from opsrange.estates import Estate
from opsrange.types import Json

_SHELVES: Mapping[Kind, tuple[str, int]] = {
    Kind.RUNBOOK: ("runbooks", 15),
    Kind.POST_MORTEM: ("post_mortems", 8),
    Kind.ARCHITECTURE: ("architecture", 11),
    Kind.TICKET: ("tickets", 10),
    Kind.CHAT: ("chats", 8),
}
"""Per kind, the file of its topics, and how many documents are drawn from it."""
_PREFIXES: Mapping[Kind, str] = {
    Kind.RUNBOOK: "RB",
    Kind.POST_MORTEM: "PM",
    Kind.ARCHITECTURE: "AN",
    Kind.TICKET: "OPS",
    Kind.CHAT: "CX",
}
_AGES_DAYS = (2, 430)


def collection(
    estate: Estate, around: Enterprise, given: Sequence[Sheet], stream: random.Random
) -> tuple[list[Json], list[str]]:
    """Write the whole collection.

    Args:
        estate: what the documents are about.
        around: who wrote them.
        given: documents that must be among them.
        stream: draws the others, every hand, and the numbers.

    Returns:
        The documents (id, title, kind, owner, date, body) in no order, and the ids of ``given`` in its order.
    """
    sheets = [*given, *_everyday(estate, around, stream)]
    order = stream.sample(range(len(sheets)), len(sheets))
    order.sort(key=lambda index: -sheets[index].age_days)
    numbers = {kind: stream.randint(20, 900) for kind in Kind}
    ids: dict[int, str] = {}
    documents = []
    for index in order:
        sheet = sheets[index]
        numbers[sheet.kind] += stream.randint(1, 9)
        ids[index] = f"{_PREFIXES[sheet.kind]}-{numbers[sheet.kind]}"
        documents.append(
            {
                "id": ids[index],
                "title": sheet.title,
                "kind": sheet.kind.value,
                "owner": sheet.team.name,
                "date": day(around, sheet.age_days),
                "body": written(sheet, around, stream),
            }
        )
    stream.shuffle(documents)
    return documents, [ids[index] for index in range(len(given))]


def _everyday(estate: Estate, around: Enterprise, stream: random.Random) -> Iterator[Sheet]:
    """What was written about nothing in particular."""
    for kind, (name, count) in _SHELVES.items():
        shelf = topics(name)
        repeated = [topic for topic in shelf if "{service}" in topic.get("title", "")]
        chosen = stream.sample(shelf, min(count, len(shelf)))
        titles: set[str] = set()
        while len(titles) < count:
            topic = chosen.pop() if chosen else stream.choice(repeated)
            sheet = _sheet(kind, topic, estate, around, stream)
            if sheet.title not in titles:
                titles.add(sheet.title)
                yield sheet


def _sheet(
    kind: Kind, topic: Json, estate: Estate, around: Enterprise, stream: random.Random
) -> Sheet:
    """One topic, about services that are drawn."""
    service, other = stream.sample(around.services, 2)
    team = around.owners[service]
    words = {
        "service": service,
        "other": other,
        "namespace": around.namespace,
        "team": team.name,
        "handle": team.handle,
        "person": stream.choice(team.people),
        **_nature(estate, service),
    }
    lead = topic["lead"].format(**words)
    return Sheet(
        kind=kind,
        title=topic.get("title", f"{team.channel}: {lead}").format(**words),
        team=team,
        age_days=stream.randint(*_AGES_DAYS),
        lead=lead,
        points=tuple(point.format(**words) for point in topic["points"]),
        notes=tuple(note.format(**words) for note in topic.get("notes", ())),
    )


def _nature(estate: Estate, service: str) -> Mapping[str, str]:
    """What can be said of a service."""
    definition = estate.application.definition
    part = definition.services[service]
    near = [name for name, distance in definition.callers_of(service).items() if distance == 1]
    return {
        "language": part.language,
        "port": str(part.ports[0].port) if part.ports else "none",
        "callers": ", ".join(near) or "nobody",
        "dependencies": ", ".join(part.dependencies) or "nothing",
    }
