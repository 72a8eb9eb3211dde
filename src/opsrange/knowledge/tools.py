"""The document tools, and how every look at a document is recorded.

Documents come from the sample's world, by arm; what the agent cannot have in its arm never leaves the world.

Belongs here: what Inspect must know. Does not: searching (``index``), what an arm is (``arms``).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property, lru_cache
from weakref import WeakKeyDictionary

from inspect_ai.model import ChatMessageUser
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.tool import Tool, ToolError, tool
from inspect_ai.util import SandboxEnvironment, store

from opsrange.agents.tools import SHOWN_CHARS_MAX, clip
from opsrange.agents.world_access import current_environment, current_world
from opsrange.knowledge.arms import FOLDER, HANDED, SEARCHED, Arm, Provision, handed_over
from opsrange.knowledge.document import Document, by_id
from opsrange.knowledge.index import Index
from opsrange.knowledge.reading import Reader
from opsrange.seat.provider import STEPS_KEY, SeatEnvironment
from opsrange.trace import DocumentUse
from opsrange.types import Json

USES_KEY = "opsrange:documents"
"""Where the sample's store keeps what was looked up."""
ARM_KEY = "opsrange:docs_arm"
"""Where it keeps the arm."""
TEXTS_KEY = "opsrange:document_texts"
"""Where it keeps the bodies of the documents that the agent saw anything of, by id: citations are checked against them."""
RESULTS_MAX = 20


class Shelf:
    """The documents of one sample.

    Args:
        documents: of its arm.
    """

    def __init__(self, documents: Iterable[Document]) -> None:
        self.documents = by_id(documents)

    @cached_property
    def index(self) -> Index:
        """Samples with the same documents share one."""
        return _index(tuple(self.documents.values()))

    @cached_property
    def reader(self) -> Reader:
        """Recognises the documents in outputs."""
        return Reader(self.documents.values())


_SHELVES: WeakKeyDictionary[SandboxEnvironment, Shelf] = WeakKeyDictionary()


@lru_cache(
    maxsize=8
)  # the instances under way; a large collection of one's own weighs tens of megabytes
def _index(documents: tuple[Document, ...]) -> Index:
    return Index(documents)


async def shelf_of(given: Provision) -> Shelf:
    """The running sample's documents, asked for once.

    Raises:
        OperatorError: when a document of one's own has the id of one of the incident's.
        WorldError: when the world cannot answer.
    """
    environment = current_environment()
    if environment not in _SHELVES:
        answer = await current_world().call("documents", arm=given.arm.value)
        found = [Document.model_validate(document) for document in answer]
        _SHELVES[environment] = Shelf([*found, *given.own])
    return _SHELVES[environment]


@tool(parallel=False)
def search_docs(given: Provision) -> Tool:
    """Search over the sample's documents."""

    async def execute(query: str, limit: int = 5) -> str:
        """Search the company's documents; the best come first. Ids and error codes are found exactly.

        Args:
            query: words to look for.
            limit: how many documents to list.
        """
        shelf = await shelf_of(given)
        hits = shelf.index.search(query, min(max(limit, 1), RESULTS_MAX))
        entries = [_entry(shelf.documents[hit.id], hit.snippet) for hit in hits]
        text = "\n\n".join(entries) or "No document matches."
        found = [shelf.documents[hit.id] for hit in hits]
        await record(
            DocumentUse(
                before_step=_steps_done(),
                tool="search_docs",
                query=query,
                returned=[document.id for document in found],
                shown_chars=sum(len(hit.snippet) for hit in hits),
            ),
            text,
            found,
        )
        return text

    return execute


@tool(parallel=False)
def open_doc(given: Provision) -> Tool:
    """One of the sample's documents."""

    async def execute(id: str, part: int = 1) -> str:  # noqa: A002  # what it is called everywhere
        """Show a document.

        Args:
            id: as search_docs lists it.
            part: of a document that is too long to be shown at once.
        """
        shelf = await shelf_of(given)
        document = shelf.documents.get(id.strip())
        if document is None:
            raise ToolError(f"there is no document {id!r}; search_docs lists ids")
        text = document.text
        parts = -(-len(text) // SHOWN_CHARS_MAX)
        if not 1 <= part <= parts:
            raise ToolError(f"{document.id} has {parts} part(s); part {part} was asked for")
        shown = text[(part - 1) * SHOWN_CHARS_MAX : part * SHOWN_CHARS_MAX]
        await record(_whole("open_doc", document, len(shown)), shown, [document])
        return shown if parts == 1 else f"{shown}\n[part {part} of {parts}]"

    return execute


def document_tools(given: Provision) -> list[Tool]:
    """The tools an arm has."""
    return [search_docs(given), open_doc(given)] if given.arm in SEARCHED else []


@solver
def provide(given: Provision) -> Solver:
    """Before the attempt: documents into the prompt or into files, as the arm has it."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        store().set(ARM_KEY, given.arm.value)
        if given.arm in HANDED:
            documents = list((await shelf_of(given)).documents.values())
            state.messages.append(ChatMessageUser(content=handed_over(documents)))
            for document in documents:
                await record(
                    _whole("prompt", document, len(document.text)), document.text, [document]
                )
        if given.arm is Arm.SHELL:
            await _file((await shelf_of(given)).documents.values())
        return state

    return solve


async def note_files_read() -> None:
    """After the attempt, where documents were files: record which of them the steps showed, whatever read them."""
    shelf = _SHELVES.get(current_environment())
    if shelf is None or store().get(ARM_KEY) != Arm.SHELL:
        return
    steps: list[Json] = store().get(STEPS_KEY, [])
    for step in steps:
        shown = clip(step["stdout"])
        readings = shelf.reader.read(shown)
        found = [reading.id for reading in readings if not reading.whole]
        uses = [
            DocumentUse(
                before_step=step["index"] + 1,
                tool="shell",
                query=step["command"],
                returned=[reading.id],
                opened=reading.id,
                shown_chars=reading.shown_chars,
            )
            for reading in readings
            if reading.whole
        ]
        if found:
            chars = sum(reading.shown_chars for reading in readings if not reading.whole)
            uses.append(
                DocumentUse(
                    before_step=step["index"] + 1,
                    tool="shell",
                    query=step["command"],
                    returned=found,
                    shown_chars=chars,
                )
            )
        for use in uses:
            await record(use, shown, [shelf.documents[id_] for id_ in use.returned])


async def record(use: DocumentUse, text: str, documents: Iterable[Document]) -> None:
    """Keep a use, with the facts in what it showed.

    Args:
        use: without its facts.
        text: what was shown.
        documents: those it showed something of.
    """
    use.facts = await current_world().call("facts_in", text=text)
    kept = store()
    kept.set(USES_KEY, [*kept.get(USES_KEY, []), use.model_dump(mode="json")])
    texts = {document.id: document.body for document in documents}
    kept.set(TEXTS_KEY, {**kept.get(TEXTS_KEY, {}), **texts})


async def _file(documents: Iterable[Document]) -> None:
    """Documents as files of the seat, each as old as it says."""
    named: dict[str, Document] = {}
    for document in documents:
        path = f"{FOLDER}/{document.file_name}"
        while path in named:
            path += ".md"
        named[path] = document
    seat = current_environment()  # without the recording wrapper: this is nobody's step
    if isinstance(seat, SeatEnvironment):
        ages = {path: document.written_s for path, document in named.items()}
        await seat.place({path: document.text for path, document in named.items()}, ages)
        return
    for path, document in named.items():
        await seat.write_file(path, document.text)


def _steps_done() -> int:
    return len(store().get(STEPS_KEY, []))


def _whole(name: str, document: Document, shown_chars: int) -> DocumentUse:
    return DocumentUse(
        before_step=_steps_done(),
        tool=name,
        returned=[document.id],
        opened=document.id,
        shown_chars=shown_chars,
    )


def _entry(document: Document, snippet: str) -> str:
    about = ", ".join(part for part in (document.kind.value, document.owner, document.date) if part)
    return f"[{document.id}] {document.title} ({about})\n  {snippet}"
