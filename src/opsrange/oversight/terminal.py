"""A person at a terminal: shows a request, reads an answer. What is no clear yes is a no.

End of file, a closed terminal and silence refuse. Silence pauses first: the person is told, and given as long again. What was typed
before a request was shown answers nothing.
"""

from __future__ import annotations

import asyncio
import os
import select

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from opsrange.oversight.request import ApprovalRequest, Decision, Ruling, refusal
from opsrange.trace import Preview
from opsrange.types import MINUTE_MS

DECIDER = "terminal"
ANSWER_S = 300.0
"""How long a person may take before a request pauses, and how long it then waits."""
_ROWS = 30
_VALUE_CHARS = 60
_ASKING = "[bold]y[/] approve   [bold]n[/] REASON   [bold]e[/] edit   [bold]x[/] hand on   [bold]t[/] end the attempt"


class Terminal:
    """Asks one question at a time.

    Args:
        source: descriptor that answers are read from.
        console: where questions go.
        answer_s: wall seconds for an answer, and for the pause after it.
    """

    def __init__(self, source: int, console: Console, answer_s: float = ANSWER_S) -> None:
        self._source = source
        self._console = console
        self._answer_s = answer_s
        self._one = asyncio.Lock()
        self._unread = b""

    async def decide(self, request: ApprovalRequest) -> Ruling:
        """Show a request and wait for the answer."""
        async with self._one:
            show(request, self._console)
            self._forget()
            while True:
                line = await self._line(f"{_ASKING} > ")
                if line is None:
                    return refusal(
                        "the terminal is gone or nobody answered; nothing is approved by waiting",
                        DECIDER,
                    )
                ruling = await self._understood(line, request)
                if ruling is not None:
                    return ruling

    async def _understood(self, line: str, request: ApprovalRequest) -> Ruling | None:
        word, _, rest = line.strip().partition(" ")
        match word.lower():
            case "y" | "yes":
                return Ruling(decision=Decision.APPROVE, decider=DECIDER, reason=rest)
            case "n" | "no":
                return Ruling(decision=Decision.REJECT, decider=DECIDER, reason=rest or "refused")
            case "e" | "edit":
                edited = await self._line("the command instead > ")
                if edited is None or not edited.strip():
                    return refusal("an edit that says no command", DECIDER)
                return Ruling(decision=Decision.MODIFY, decider=DECIDER, modified=edited.strip())
            case "x":
                return Ruling(decision=Decision.ESCALATE, decider=DECIDER, reason=rest)
            case "t":
                return Ruling(decision=Decision.TERMINATE, decider=DECIDER, reason=rest or "ended")
        self._console.print("y, n, e, x or t")
        return None

    async def _line(self, prompt: str) -> str | None:
        """A line; ``None`` at the end of the terminal, or when nobody answered twice."""
        self._console.print(prompt, end="")
        for paused in (False, True):
            if paused:
                self._console.print("\n[yellow]paused: answer, or it is refused[/] > ", end="")
            try:
                async with asyncio.timeout(self._answer_s):
                    return await self._read()
            except TimeoutError:
                continue
        return None

    def _forget(self) -> None:
        """Drop what was typed before: it may be a late answer to another request."""
        self._unread = b""
        waiting = select.poll()
        waiting.register(self._source, select.POLLIN)
        while any(event & select.POLLIN for _, event in waiting.poll(0)):
            try:
                if not os.read(self._source, 4096):
                    return
            except OSError:
                return

    async def _read(self) -> str | None:
        while b"\n" not in self._unread:
            data = await self._bytes()
            if not data:
                return None
            self._unread += data
        line, _, self._unread = self._unread.partition(b"\n")
        return line.decode(errors="replace")

    async def _bytes(self) -> bytes:
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        try:
            loop.add_reader(self._source, ready.set)
        except (
            OSError
        ):  # a plain file or /dev/null is always ready; a closed descriptor never will be
            ready.set()
        else:
            try:
                await ready.wait()
            finally:
                loop.remove_reader(self._source)
        try:
            return os.read(self._source, 4096)
        except OSError:
            return b""


def show(request: ApprovalRequest, console: Console) -> None:
    """Print what an approver is shown."""
    console.rule(f"{escape(request.attempt)}: {escape(request.gate)} asks")
    console.print(f"[bold]{escape(request.command)}[/]")
    if request.message:
        console.print(f"the agent says: {escape(request.message[:400])}")
    console.print(f"why asked: {escape(request.why)}")
    for document in request.documents:
        console.print(f"document: {escape(document.title)}")
    if request.preview is not None:
        _show_preview(request.preview, console)


def _show_preview(preview: Preview, console: Console) -> None:
    exit_code = (
        "stopped" if preview.step.exit_code is None else f"exit code {preview.step.exit_code}"
    )
    console.print(f"on a fork: {preview.effect.value.replace('_', ' ')}, {exit_code}")
    if preview.unfinished:
        console.print(f"[yellow]not the whole: {preview.unfinished}[/]")
    rows = Table("change", "field", "from", "to", box=None)
    for change in preview.changes[:_ROWS]:
        cells = (
            f"{change.verb} {change.entity}",
            change.path,
            _cell(change.old),
            _cell(change.new),
        )
        rows.add_row(*map(escape, cells))
    console.print(rows)
    if len(preview.changes) > _ROWS:
        console.print(f"and {len(preview.changes) - _ROWS} more")
    minutes = preview.horizon_ms / MINUTE_MS
    for journey, change_by in preview.health_change.items():
        if change_by:
            console.print(f"{journey}: {change_by:+.1%} successes over the next {minutes:g} min")
    _listed(console, preview.new_alerts, "would fire")
    _listed(console, preview.ended_alerts, "would stop")


def _listed(console: Console, alerts: list[str], said: str) -> None:
    for alert in alerts:
        console.print(f"{said}: {escape(alert)}")


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= _VALUE_CHARS else text[: _VALUE_CHARS - 1] + "…"
