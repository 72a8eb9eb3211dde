"""A language model's opinion on diagnosed attempts, through Inspect's providers.

Belongs here: asking. Does not: the question and what counts of the answer (``diagnosis.claims``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from inspect_ai.model import GenerateConfig, Model, get_model

from opsrange.diagnosis.claims import NO_FAILURE, Opinion, kappa, opinion_of, question
from opsrange.errors import ModelError, OperatorError
from opsrange.tasks.diagnosing.diagnoses import Diagnosed


@dataclass(frozen=True, slots=True)
class Judged:
    """Opinions, and how far they agree with the rules."""

    opinions: list[Opinion]
    """In the order of the attempts."""
    agreement: float | None
    """Cohen's kappa over the attempts on which both say something; the rules' abstentions are left out."""
    compared: int


def judged(found: Sequence[Diagnosed], model: str, base_url: str | None = None) -> Judged:
    """Ask a model about every attempt. The diagnoses stay as they are.

    Args:
        found: diagnosed attempts.
        model: an Inspect model name.
        base_url: of the provider, where it is not the usual one.

    Raises:
        OperatorError: when there is no such model.
        ModelError: when the provider fails.
    """
    try:
        asked = get_model(model, base_url=base_url, config=GenerateConfig(temperature=0.0))
    except Exception as error:
        raise OperatorError(
            f"asked for the judge {model!r}; Inspect says: {' '.join(str(error).split())[:200]}"
        ) from error
    opinions = asyncio.run(_ask(asked, found))
    pairs = [
        (_label(each), opinion.guess)
        for each, opinion in zip(found, opinions, strict=True)
        if opinion.guess and _label(each)
    ]
    return Judged(opinions, kappa(pairs), len(pairs))


def _label(each: Diagnosed) -> str:
    """What the rules say; empty when they abstain."""
    if each.diagnosis.outcome == "passed":
        return NO_FAILURE
    return each.diagnosis.primary or ""


async def _ask(model: Model, found: Sequence[Diagnosed]) -> list[Opinion]:
    async def one(each: Diagnosed) -> Opinion:
        try:
            answer = await model.generate(question(each.attempt))
        except Exception as error:
            raise ModelError(
                f"the judge failed on {each.name}: {type(error).__name__}: {' '.join(str(error).split())[:200]}"
            ) from error
        return opinion_of(answer.completion, each.attempt)

    async with model:
        return list(await asyncio.gather(*(one(each) for each in found)))
