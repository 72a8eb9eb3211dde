"""A seat without a sandbox and a world without an estate: one deployment that one command repairs.

For tests of tasks, agents and scorers that need no kubectl. Commands are matched by their text and never run.

Belongs here: the smallest thing that behaves like ``seat`` and ``hosting.World`` towards Inspect. Does not: fidelity.
"""

from __future__ import annotations

from typing import Any

from inspect_ai.util import (
    ExecResult,
    SandboxEnvironment,
    SandboxEnvironmentConfigType,
    sandboxenv,
    store,
)
from pydantic import BaseModel

from opsrange.errors import WorldError
from opsrange.seat.provider import STEPS_KEY
from opsrange.testing import toy_documents
from opsrange.trace import Report, Step
from opsrange.types import MINUTE_MS, Json

NAME = "opsrange_toy"
REPAIR = "kubectl rollout undo deployment/cart -n shop"
CAUSE = "shop/Deployment/cart"
PAGED_MS = 1_700_000_000_000
_ROLLED_BACK: Json = {
    "actor": "agent",
    "verb": "update",
    "entity": CAUSE,
    "path": "spec.template.spec.containers[cart].image",
    "old": "cart:2",
    "new": "cart:1",
}


class ToyConfig(BaseModel, frozen=True):
    """How a toy instance misbehaves."""

    scenario: str = "toy"
    seed: int = 1
    dies_at: str = ""
    """``exec`` or ``conclude``: where our own side fails."""
    world_errors: tuple[str, ...] = ()


class ToyWorld:
    """A world with one bit of state."""

    def __init__(self, config: ToyConfig) -> None:
        self.config = config
        self.now_ms = PAGED_MS
        self.repaired_ms: int | None = None
        self.conclusions = 0

    async def call(self, name: str, **arguments: Any) -> Any:
        """``page``, ``oracle``, ``conclude``, ``documents`` and ``facts_in``.

        Raises:
            WorldError: for any other name, or when told to die.
        """
        match name:
            case "page":
                return {
                    "title": "CartDown",
                    "text": "CartDown: users cannot fill carts.",
                    "alerts": [],
                }
            case "oracle":
                cause = {"entity": CAUSE, "mechanism": "a bad release", "evidence": []}
                report = Report().model_dump() | {"root_causes": [cause], "healthy": True}
                return {"commands": ["kubectl get pods -n shop", REPAIR], "report": report}
            case "conclude":
                if self.config.dies_at == "conclude":
                    raise WorldError("the toy world died while concluding")
                return self._conclude(arguments["report"])
            case "documents":
                return toy_documents.documents(arguments["arm"])
            case "facts_in":
                return toy_documents.facts_in(arguments["text"])
            case _:
                raise WorldError(
                    f"asked the toy world for {name!r}; it knows page, oracle, conclude, documents, facts_in"
                )

    async def advance(self, ms: int) -> int:
        """Let time pass."""
        self.now_ms += ms
        return self.now_ms

    async def errors(self) -> list[str]:
        """What went wrong on our side."""
        return list(self.config.world_errors)

    def run(self, command: str) -> tuple[str, int]:
        """Output and exit code of a command line."""
        if command == REPAIR:
            self.repaired_ms = self.now_ms
            return "deployment.apps/cart rolled back\n", 0
        if command.startswith("kubectl get"):
            return ("cart Running\n" if self.repaired_ms else "cart CrashLoopBackOff\n"), 0
        if command == "flood":
            return "x" * 50_000, 0
        return "", 127

    def _conclude(self, report: Json | None) -> Json:
        self.conclusions += 1
        window = {
            "operation": "add to cart",
            "window_ms": self.now_ms,
            "attempted": 100,
            "failed": 0 if self.repaired_ms else 40,
            "p95_ms": 80,
            "baseline_attempted": 100,
            "baseline_p95_ms": 80,
            "success_target": 0.99,
            "p95_target_ms": 500,
        }
        return {
            "scenario": self.config.scenario,
            "seed": self.config.seed,
            "fault": "toy",
            "truth": {"root_causes": [{"entity": CAUSE}]},
            "objective": {"journeys": [window]},
            "changes": {
                "region": ["shop/(Deployment|Pod|ReplicaSet)/cart.*"],
                "difference": [_ROLLED_BACK] if self.repaired_ms else [],
            },
            "times": {
                "paged_ms": PAGED_MS,
                "diagnosed_ms": self.now_ms,
                "repaired_ms": self.repaired_ms,
                "ended_ms": self.now_ms + 10 * MINUTE_MS,
            },
            "report": report,
        }


@sandboxenv(name=NAME)
class ToySeat(SandboxEnvironment):
    """The sandbox provider ``opsrange_toy``."""

    def __init__(self, world: ToyWorld) -> None:
        super().__init__()
        self.world = world
        self.files: dict[str, str] = {}

    @classmethod
    async def sample_init(
        cls,
        task_name: str,
        config: SandboxEnvironmentConfigType | None,
        metadata: dict[str, str],
    ) -> dict[str, SandboxEnvironment]:
        """A fresh toy world per sample."""
        del task_name, metadata  # the toy has no use for them
        chosen = config if isinstance(config, ToyConfig) else ToyConfig()
        return {"default": cls(ToyWorld(chosen))}

    @classmethod
    async def sample_cleanup(
        cls,
        task_name: str,
        config: SandboxEnvironmentConfigType | None,
        environments: dict[str, SandboxEnvironment],
        interrupted: bool,
    ) -> None:
        """Nothing is held."""
        del task_name, config, environments, interrupted

    @classmethod
    def config_deserialize(cls, config: dict[str, Any]) -> BaseModel:
        """The configuration as a log keeps it."""
        return ToyConfig.model_validate(config)

    async def exec(self, cmd: list[str], *args: Any, **options: Any) -> ExecResult[str]:
        """Match the command's text.

        Raises:
            WorldError: when told to die here.
        """
        if self.world.config.dies_at == "exec":
            raise WorldError("the toy world died under a command")
        command = cmd[-1]
        if "> agent_output.json" in command:
            self.files["agent_output.json"] = command.split("'")[1]
            return ExecResult(True, 0, "", "")
        if command.startswith("cat ") and command[4:] in self.files:
            text, code = self.files[command[4:]], 0
        else:
            text, code = self.world.run(command)
        complaint = "" if code == 0 else f"bash: {command}: not found\n"
        if cmd[:2] == ["bash", "-lc"]:  # Inspect looks around in a sandbox too
            self._keep(command, code, text, complaint)
        return ExecResult(code == 0, code, text, complaint)

    def _keep(self, command: str, code: int, text: str, complaint: str) -> None:
        kept: list[Json] = store().get(STEPS_KEY, [])
        step = Step(
            index=len(kept),
            command=command,
            exit_code=code,
            stdout=text,
            stderr=complaint,
            started_ms=self.world.now_ms,
            ended_ms=self.world.now_ms,
        )
        store().set(STEPS_KEY, [*kept, step.model_dump(mode="json")])

    async def write_file(self, file: str, contents: str | bytes) -> None:
        """Keep a file."""
        self.files[file] = contents if isinstance(contents, str) else contents.decode()

    async def read_file(self, file: str, text: bool = True) -> Any:
        """Give a kept file back.

        Raises:
            FileNotFoundError: when there is none.
        """
        if file not in self.files:
            raise FileNotFoundError(file)
        return self.files[file] if text else self.files[file].encode()
