"""Chat messages in OpenAI's form: one conversation as a JSON list, or under ``messages``; or one per line.

Belongs here: roles, tool calls, tool results. Does not: where the messages come from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from opsrange.diagnosis.readers.transcript import Call, Transcript, Turn, text_of


def looks_like_messages(document: Any) -> bool:
    """Whether a document is a conversation: a non-empty list of messages with roles."""
    return (
        isinstance(document, list)
        and bool(document)
        and all(isinstance(each, dict) and "role" in each for each in document)
    )


def conversations(document: Any) -> Iterator[Sequence[Mapping[str, Any]]]:
    """Every conversation in a document."""
    if looks_like_messages(document):
        yield document
    elif isinstance(document, dict) and looks_like_messages(document.get("messages")):
        yield document["messages"]
    elif isinstance(document, list):
        for each in document:
            yield from conversations(each)


def transcript_of(name: str, messages: Sequence[Mapping[str, Any]]) -> Transcript:
    """One conversation as a transcript.

    Args:
        name: of it.
        messages: in order.
    """
    found = Transcript(name)
    calls: dict[str, Call] = {}
    for message in messages:
        role, text = message.get("role"), text_of(message.get("content"))
        if role in {"system", "developer"}:
            found.system += text
        elif role == "user":
            found.task = found.task or text
        elif role == "assistant":
            turn = Turn(text)
            for each in message.get("tool_calls") or []:
                function = each.get("function") if isinstance(each.get("function"), dict) else {}
                tool = function.get("name") or each.get("name") or str(each.get("function") or "")
                call = Call(str(tool), function.get("arguments", each.get("arguments")))
                calls[str(each.get("id"))] = call
                turn.calls.append(call)
            found.turns.append(turn)
        elif role in {"tool", "function"}:
            waiting = calls.get(str(message.get("tool_call_id"))) or _last_unanswered(found)
            if waiting is not None:
                waiting.shown = text
    return found


def _last_unanswered(found: Transcript) -> Call | None:
    calls = [call for turn in found.turns[-1:] for call in turn.calls if not call.shown]
    return calls[0] if calls else None
