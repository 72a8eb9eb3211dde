"""ATIF, the trajectory format of Harbor: ``schema_version`` and ``steps`` with a source, tool calls and an observation.

Belongs here: its fields. Does not: other formats.
"""

from __future__ import annotations

from typing import Any

from opsrange.diagnosis.readers.transcript import Call, Transcript, Turn, text_of


def looks_like_atif(document: Any) -> bool:
    """Whether a document is a trajectory."""
    return (
        isinstance(document, dict)
        and str(document.get("schema_version", "")).upper().startswith("ATIF")
        and isinstance(document.get("steps"), list)
    )


def transcript_of(name: str, document: dict[str, Any]) -> Transcript:
    """A trajectory as a transcript. Copied context is left out.

    Args:
        name: of the file.
        document: of a form that :func:`looks_like_atif` admits.
    """
    agent = document.get("agent") or {}
    found = Transcript(str(document.get("session_id") or name))
    found.agent = str(agent.get("model_name") or agent.get("name") or "")
    for step in document["steps"]:
        if step.get("is_copied_context"):
            continue
        text = text_of(step.get("message"))
        match step.get("source"):
            case "system":
                found.system += text
            case "user":
                found.task = found.task or text
            case "agent":
                found.turns.append(_turn(step, text))
    return found


def _turn(step: dict[str, Any], text: str) -> Turn:
    calls = {
        str(each.get("tool_call_id")): Call(str(each.get("function_name")), each.get("arguments"))
        for each in step.get("tool_calls") or []
    }
    ordered = list(calls.values())
    for number, result in enumerate((step.get("observation") or {}).get("results") or []):
        call = calls.get(str(result.get("source_call_id")))
        if call is None and number < len(ordered):
            call = ordered[number]
        if call is not None:
            call.shown += text_of(result.get("content"))
    return Turn(text, ordered)
