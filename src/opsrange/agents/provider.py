"""Scripted agents as an Inspect model provider: ``--model opsrange/triage`` runs a policy in any model's place.

The same loop, tools, limits and logs as for an LLM. The provider keeps nothing: each turn is computed from the messages.

Belongs here: translation between messages and policies. Does not: policies.
"""

from __future__ import annotations

import json
import shlex
from typing import Any

from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageTool,
    ChatMessageUser,
    GenerateConfig,
    ModelAPI,
    ModelOutput,
    ModelUsage,
)
from inspect_ai.tool import ToolCall, ToolChoice, ToolInfo

from opsrange.agents.policies import POLICIES
from opsrange.agents.policies.personas import personas
from opsrange.agents.policy import (
    AnswerKey,
    Case,
    Move,
    Open,
    Output,
    Policy,
    Propose,
    Search,
    next_move,
    parse_shown,
)
from opsrange.agents.prompts import DOCUMENTS_HEADING
from opsrange.agents.tools import ANSWER_FILE
from opsrange.agents.world_access import current_world
from opsrange.errors import OperatorError
from opsrange.trace import Report

ANSWERING = {"bash", "search_docs", "open_doc", "submit_plan"}
"""Tools whose results are a policy's outputs."""
_KNOWING = {"oracle", "uninformed", *personas()}
"""Policies that are given the answer key."""


class PolicyModel(ModelAPI):
    """A policy that speaks a model's language."""

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig | None = None,
        **model_args: Any,
    ) -> None:
        super().__init__(model_name, base_url, api_key, [], config or GenerateConfig())
        self._name = model_name.rsplit("/", 1)[-1]
        found = self.find(self._name)
        if found is None:
            raise OperatorError(
                f"asked for agent {self._name!r}; built-in agents are {', '.join(sorted(POLICIES))}"
            )
        self._policy = found

    def find(self, name: str) -> Policy | None:
        """The policy of that name, or ``None``."""
        return POLICIES.get(name)

    def keyed(self, name: str) -> bool:
        """Whether a policy is given the answer key."""
        return name in _KNOWING

    async def generate(
        self,
        input: list[ChatMessage],  # noqa: A002  # the base class names it
        tools: list[ToolInfo],
        tool_choice: ToolChoice,
        config: GenerateConfig,
    ) -> ModelOutput:
        """Run the policy again over the outputs so far and answer with its next tool call."""
        told = [m.text for m in input if isinstance(m, ChatMessageUser)]
        documents = next((text for text in told if text.startswith(DOCUMENTS_HEADING)), "")
        instructions = next((m.text for m in input if isinstance(m, ChatMessageSystem)), "")
        outputs = [
            output_of(m)
            for m in input
            if isinstance(m, ChatMessageTool) and m.function in ANSWERING
        ]
        key = await _answer_key() if self.keyed(self._name) else None
        case = Case(told[0] if told else "", instructions, documents, key)
        move = next_move(self._policy, case, outputs)
        call = _tool_call(move, input, {info.name for info in tools})
        return ModelOutput(
            model=self.model_name,
            choices=[
                ChatCompletionChoice(
                    message=ChatMessageAssistant(
                        content="", tool_calls=[call], model=self.model_name, source="generate"
                    ),
                    stop_reason="tool_calls",
                )
            ],
            usage=ModelUsage(),
        )

    def connection_key(self) -> str:
        """Policies share no rate limit; each name counts by itself."""
        return f"opsrange/{self._name}"

    def max_connections(self) -> int:
        """A policy answers at once; the sandboxes are the limit."""
        return 256


async def _answer_key() -> AnswerKey:
    return AnswerKey.read(await current_world().call("oracle"))


def output_of(message: ChatMessageTool) -> Output:
    """What a policy is told of a tool's result."""
    if message.error is not None:
        return Output(message.text, message.error.message, 1)
    return parse_shown(message.text)


def _tool_call(move: Move | Report, messages: list[ChatMessage], tools: set[str]) -> ToolCall:
    number = sum(isinstance(message, ChatMessageTool) for message in messages)
    arguments: dict[str, Any]
    if isinstance(move, Report) and "report" not in tools:
        # ITBench-AA's profile: the answer is a file, written first and then pointed at
        if not _wrote_answer(messages):
            move = _write_answer(move)
        else:
            arguments = {"reason": "done", "paths": [ANSWER_FILE]}
            return ToolCall(id=f"call-{number}", function="finish", arguments=arguments)
    match move:
        case Report():
            function, arguments = "report", move.model_dump(mode="json")
        case Search():
            function, arguments = "search_docs", {"query": move.query, "limit": move.limit}
        case Open():
            function, arguments = "open_doc", {"id": move.id, "part": move.part}
        case Propose():
            function = "submit_plan"
            arguments = {
                "plan": move.text,
                "entities": list(move.entities),
                "commands": list(move.commands),
            }
        case str():
            function, arguments = "bash", {"command": move}
    return ToolCall(id=f"call-{number}", function=function, arguments=arguments)


def _wrote_answer(messages: list[ChatMessage]) -> bool:
    calls = [
        call for m in messages if isinstance(m, ChatMessageAssistant) for call in m.tool_calls or []
    ]
    return bool(calls) and ANSWER_FILE in str(calls[-1].arguments)


def _write_answer(move: Report) -> str:
    factors = [
        {"name": cause.entity, "reasoning": cause.mechanism, "evidence": ""}
        for cause in move.root_causes
    ]
    return f"printf %s {shlex.quote(json.dumps({'contributing_factors': factors}))} > {ANSWER_FILE}"
