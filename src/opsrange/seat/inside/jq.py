#!@PYTHON@ -IS
"""jq over the jq wheel's extension module, for machines without jq: its everyday options."""
# ruff: noqa: EXE001, EXE003, PTH123, PTH208 -- installed inside the sandbox with its own interpreter

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
import os
import sys
from typing import Any

FOLDER = "/opt/jq"
FLAGS = "rcenSsRaj"
LONG = {
    "--raw-output": "r",
    "--compact-output": "c",
    "--exit-status": "e",
    "--null-input": "n",
    "--sort-keys": "S",
    "--slurp": "s",
    "--raw-input": "R",
    "--ascii-output": "a",
    "--join-output": "j",
}


def load() -> Any:
    """The extension module."""
    path = f"{FOLDER}/{min(os.listdir(FOLDER))}"
    loader = importlib.machinery.ExtensionFileLoader("jq", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("jq", loader))  # type: ignore[arg-type]  # never None for a loader
    loader.exec_module(module)
    return module


def parse(words: list[str]) -> tuple[set[str], dict[str, Any], int | str, list[str]]:
    """Flags, variables, indentation, and the program with its files."""
    flags: set[str] = set()
    variables: dict[str, Any] = {}
    indent: int | str = 2
    rest: list[str] = []
    while words:
        word = words.pop(0)
        if word in ("--arg", "--argjson"):
            name, value = words.pop(0), words.pop(0)
            variables[name] = json.loads(value) if word == "--argjson" else value
        elif word == "--indent":
            indent = int(words.pop(0))
        elif word == "--tab":
            indent = "\t"
        elif word in LONG:
            flags.add(LONG[word])
        elif word.startswith("-") and len(word) > 1 and set(word[1:]) <= set(FLAGS):
            flags |= set(word[1:])
        elif word.startswith("-") and len(word) > 1:
            sys.stderr.write(f"jq: Unknown arguments\njq: {word} is not known here\n")
            sys.exit(2)
        else:
            rest.append(word)
    return flags, variables, indent, rest


def inputs(flags: set[str], files: list[str]) -> list[Any]:
    """The values the program is run on."""
    if "n" in flags:
        return [None]
    text = "".join(map(content, files)) if files else sys.stdin.read()
    if "R" in flags:
        return [text] if "s" in flags else text.splitlines()
    values: list[Any] = []
    decoder, position = json.JSONDecoder(), 0
    while stripped := text[position:].lstrip():
        start = len(text) - len(stripped)
        value, position = decoder.raw_decode(text, start)
        values.append(value)
    return [values] if "s" in flags else values


def content(name: str) -> str:
    """A file's."""
    with open(name) as file:
        return file.read()


def show(value: Any, flags: set[str], indent: int | str) -> None:
    """Print one result."""
    if isinstance(value, str) and flags & {"r", "j"}:
        text = value
    else:
        compact = "c" in flags or indent == 0
        text = json.dumps(
            value,
            indent=None if compact else indent,
            separators=(",", ":") if compact else (",", ": "),
            sort_keys="S" in flags,
            ensure_ascii="a" in flags,
        )
    sys.stdout.write(text if "j" in flags else text + "\n")


def main() -> int:
    """Run and return jq's exit code."""
    flags, variables, indent, rest = parse(sys.argv[1:])
    if not rest:
        rest = ["."]
    try:
        program = load().compile(rest[0], args=variables)
    except ValueError as error:
        sys.stderr.write(f"jq: error: {error}\njq: 1 compile error\n")
        return 3
    last: Any = None
    code = 0
    try:
        for value in inputs(flags, rest[1:]):
            try:
                for last in program.input_value(value):
                    show(last, flags, indent)
            except ValueError as error:
                sys.stderr.write(f"jq: error: {error}\n")
                code = 5
    except (OSError, json.JSONDecodeError) as error:
        sys.stderr.write(f"jq: error: {error}\n")
        return 2
    if "e" in flags and code == 0 and (last is None or last is False):
        return 1
    return code


if __name__ == "__main__":
    sys.exit(main())
