"""How people write: several hands for each kind of document, the same for what matters and for what does not."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from opsrange.corpus.enterprise import Enterprise
from opsrange.corpus.phrases import phrases
from opsrange.corpus.sheet import Kind, Sheet
from opsrange.types import HOUR_MS

_DAY_MS = 24 * HOUR_MS
Style = Callable[[Sheet, Enterprise, random.Random], str]


def written(sheet: Sheet, around: Enterprise, stream: random.Random) -> str:
    """The body of a document, in the hand of one of its kind.

    Args:
        sheet: what it says.
        around: whose names fill the margins.
        stream: draws the hand and the margins.
    """
    return stream.choice(_STYLES[sheet.kind])(sheet, around, stream).strip() + "\n"


def day(around: Enterprise, age_days: int) -> str:
    """The date some days ago, as ISO 8601 writes it."""
    instant_ms = around.today_ms - age_days * _DAY_MS
    return datetime.fromtimestamp(instant_ms // 1000, UTC).date().isoformat()


def _margin(name: str, sheet: Sheet, around: Enterprise, stream: random.Random, count: int) -> str:
    """Some sentences of the kind that stand in every such document."""
    words = {
        "namespace": around.namespace,
        "team": sheet.team.name,
        "channel": sheet.team.channel,
        "handle": sheet.team.handle,
        "person": stream.choice(sheet.team.people),
    }
    return " ".join(text.format(**words) for text in stream.sample(phrases()[name], count))


def _numbered(points: Sequence[str]) -> str:
    return "\n".join(f"{number}. {point}" for number, point in enumerate(points, 1))


def _bulleted(points: Sequence[str], mark: str = "-") -> str:
    return "\n".join(f"{mark} {point}" for point in points)


def _headed_runbook(sheet: Sheet, around: Enterprise, stream: random.Random) -> str:
    return "\n\n".join(
        (
            f"# {sheet.title}",
            f"Owner: {sheet.team.name} ({sheet.team.channel}). Last changed {day(around, sheet.age_days)}.",
            f"## When to use this\n\n{sheet.lead} {_margin('scope', sheet, around, stream, 1)}",
            f"## Before you start\n\n{_margin('preparation', sheet, around, stream, 3)}",
            f"## Steps\n\n{_numbered(sheet.points)}",
            f"## Afterwards\n\n{_margin('verification', sheet, around, stream, 2)}",
            *((f"## Notes\n\n{_bulleted(sheet.notes)}",) if sheet.notes else ()),
            f"## Who to ask\n\n{_margin('contact', sheet, around, stream, 2)}",
        )
    )


def _wiki_runbook(sheet: Sheet, around: Enterprise, stream: random.Random) -> str:
    return "\n".join(
        (
            f"h1. {sheet.title}",
            f"|| owner | {sheet.team.name} || changed | {day(around, sheet.age_days)} || by | {stream.choice(sheet.team.people)} ||",
            "",
            sheet.lead,
            _margin("preparation", sheet, around, stream, 4),
            "",
            "h2. Procedure",
            _bulleted(sheet.points, "#"),
            "",
            "h2. Check",
            _margin("verification", sheet, around, stream, 3),
            "",
            "h2. Remarks",
            _bulleted([*sheet.notes, _margin("scope", sheet, around, stream, 1)], "*"),
            _margin("contact", sheet, around, stream, 1),
        )
    )


def _prose_runbook(sheet: Sheet, around: Enterprise, stream: random.Random) -> str:
    order = ("First", "Then", "Next", "After that", "Then", "Next", "Once that is done", "Finally")
    steps = " ".join(f"{order[min(index, 7)]}: {point}" for index, point in enumerate(sheet.points))
    return "\n\n".join(
        (
            f"{sheet.title.upper()}\n{sheet.team.name}, {day(around, sheet.age_days)}",
            f"{sheet.lead} {_margin('scope', sheet, around, stream, 1)}",
            _margin("preparation", sheet, around, stream, 4),
            steps,
            " ".join(sheet.notes),
            f"{_margin('verification', sheet, around, stream, 2)} {_margin('contact', sheet, around, stream, 2)}",
        )
    )


def _sections(names: tuple[str, str, str, str], margin: str) -> Style:
    """A document in four sections: lead, points, notes, margin."""

    def style(sheet: Sheet, around: Enterprise, stream: random.Random) -> str:
        lead, points, notes, rest = names
        parts = [
            f"# {sheet.title}",
            f"{sheet.team.name}, {stream.choice(sheet.team.people)}, {day(around, sheet.age_days)}",
            f"## {lead}\n\n{sheet.lead}",
            f"## {points}\n\n{_bulleted(sheet.points)}",
            *((f"## {notes}\n\n{_bulleted(sheet.notes)}",) if sheet.notes else ()),
            f"## {rest}\n\n{_margin(margin, sheet, around, stream, 2)}",
        ]
        return "\n\n".join(parts)

    return style


def _paragraphs(margin: str) -> Style:
    """The same without any heading."""

    def style(sheet: Sheet, around: Enterprise, stream: random.Random) -> str:
        return "\n\n".join(
            (
                f"{sheet.title} ({sheet.team.name}, {day(around, sheet.age_days)})",
                sheet.lead,
                " ".join(sheet.points),
                " ".join([*sheet.notes, _margin(margin, sheet, around, stream, 2)]),
            )
        )

    return style


def _discussed_ticket(sheet: Sheet, around: Enterprise, stream: random.Random) -> str:
    asked, *others = stream.sample(sheet.team.people, len(sheet.team.people))
    comments = "\n\n".join(
        f"{others[index % len(others)]} commented:\n{point}"
        for index, point in enumerate(sheet.points)
    )
    end = " ".join([*sheet.notes, _margin("closing", sheet, around, stream, 1)])
    status = stream.choice(("closed", "done", "answered"))
    return f"Reporter: {asked}\nAssignee: {sheet.team.name}\nStatus: {status}\n\n{sheet.lead}\n\n{comments}\n\nResolution: {end}"


def _terse_ticket(sheet: Sheet, around: Enterprise, stream: random.Random) -> str:
    end = " ".join([*sheet.notes, _margin("closing", sheet, around, stream, 1)])
    return f"[{sheet.team.name}] {sheet.title}\n\n{sheet.lead}\n\n{_bulleted(sheet.points, '>')}\n\n{end} ({stream.choice(sheet.team.people)})"


def _stamped_chat(sheet: Sheet, around: Enterprise, stream: random.Random) -> str:
    minute = stream.randint(8 * 60, 17 * 60)
    lines = [f"{sheet.team.channel}, {day(around, sheet.age_days)}: {sheet.lead}", ""]
    for point in sheet.points:
        who = stream.choice(sheet.team.people).partition(" ")[0].lower()
        lines.append(f"[{minute // 60:02d}:{minute % 60:02d}] {who}: {point}")
        minute += stream.randint(0, 6)
    return "\n".join(lines)


def _quoted_chat(sheet: Sheet, around: Enterprise, stream: random.Random) -> str:
    lines = [f"Exported from {sheet.team.channel} ({day(around, sheet.age_days)})", sheet.lead, ""]
    for point in sheet.points:
        lines += [f"{stream.choice(sheet.team.people)}", f"  {point}"]
    return "\n".join(lines)


_STYLES: Mapping[Kind, Sequence[Style]] = {
    Kind.RUNBOOK: (_headed_runbook, _wiki_runbook, _prose_runbook),
    Kind.POST_MORTEM: (
        _sections(("Summary", "Timeline", "Actions", "Remarks"), "learning"),
        _paragraphs("learning"),
    ),
    Kind.ARCHITECTURE: (
        _sections(("Context", "How it works", "Decisions", "Maintenance"), "upkeep"),
        _paragraphs("upkeep"),
    ),
    Kind.TICKET: (_discussed_ticket, _terse_ticket),
    Kind.CHAT: (_stamped_chat, _quoted_chat),
}
