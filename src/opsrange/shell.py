"""Shell text as pipelines of simple commands: enough of the grammar to know what a step ran.

Quotes, operators, redirections, here-documents, loops and substitutions are understood; expansion is not done, so a word keeps
its ``$name``. Text that no shell would accept gives a script with an ``error``.

Belongs here: the shell's grammar. Does not: any tool's (``kubectl``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_OPERATORS = ("&&", "||", "|&", ";;", "|", ";", "&", "\n", "(", ")")
_OPENERS = frozenset({"if", "then", "else", "elif", "while", "until", "do", "{", "!", "time"})
_CLOSERS = frozenset({"fi", "done", "esac", "}"})
_REDIRECTION = re.compile(r"(\d*|&)(>>|>&|<<<|<<-?|>\||>|<)")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")


@dataclass(frozen=True, slots=True)
class Simple:
    """One simple command."""

    argv: tuple[str, ...]
    """Words without quotes; leading assignments left out."""
    written: tuple[str, ...] = ()
    """Files that its output goes to."""
    read: tuple[str, ...] = ()
    """Files that its input comes from."""
    heredoc: str = ""
    looped: bool = False
    """Inside a loop or a condition."""

    @property
    def tool(self) -> str:
        """The program's name without its folder; wrappers such as ``sudo`` and ``timeout 5`` are looked through."""
        words = list(self.argv)
        while words and words[0] in {"sudo", "command", "exec", "nohup", "env", "xargs"}:
            words.pop(0)
            while words and (words[0].startswith("-") or _ASSIGNMENT.match(words[0])):
                words.pop(0)
        if words[:1] == ["timeout"]:
            words = [word for word in words[1:] if not word.startswith("-")][1:]
        return words[0].rsplit("/", 1)[-1] if words else ""

    @property
    def arguments(self) -> tuple[str, ...]:
        """What follows the tool's own name."""
        for number, word in enumerate(self.argv):
            if word.rsplit("/", 1)[-1] == self.tool:
                return self.argv[number + 1 :]
        return ()


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Commands joined by pipes, and what joins the pipeline to the one after it."""

    members: tuple[Simple, ...]
    then: str = ""
    """``&&``, ``||``, ``;``, ``&`` or nothing."""


@dataclass(slots=True)
class Script:
    """A whole command line."""

    pipelines: list[Pipeline] = field(default_factory=list)
    inner: list[Pipeline] = field(default_factory=list)
    """Of command substitutions."""
    assigned: list[str] = field(default_factory=list)
    """Variables set before a command or alone, as written; not those in substitutions."""
    error: str = ""

    def simples(self) -> Iterator[Simple]:
        """Every simple command, substitutions last."""
        for pipeline in [*self.pipelines, *self.inner]:
            yield from pipeline.members


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    """``word``, ``op``, or ``redirect``."""
    text: str
    quoted: bool = False


class _Scanner:
    """Cuts text into tokens; keeps here-documents and substitutions aside."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.inner: list[str] = []
        self.heredocs: list[str] = []
        self.error = ""
        self._pending: list[str] = []

    def tokens(self) -> Iterator[_Token]:
        while self.at < len(self.text):
            char = self.text[self.at]
            if char in " \t" or self.text.startswith("\\\n", self.at):
                self.at += 1 if char in " \t" else 2
            elif char == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            elif found := _REDIRECTION.match(self.text, self.at):
                self.at = found.end()
                yield _Token("redirect", found[2])
                if found[2] in {"<<", "<<-"}:
                    self._pending.append(self._peek_word())
            elif operator := self._operator():
                self.at += len(operator)
                if operator == "\n":
                    self._take_heredocs()
                yield _Token("op", operator)
            else:
                yield self._word()

    def _operator(self) -> str:
        return next((each for each in _OPERATORS if self.text.startswith(each, self.at)), "")

    def _peek_word(self) -> str:
        found = re.match(r"\s*['\"\\]?([\w.-]+)", self.text[self.at :])
        return found[1] if found else ""

    def _take_heredocs(self) -> None:
        for end in self._pending:
            found = re.compile(rf"^\t*{re.escape(end)}$", re.MULTILINE).search(self.text, self.at)
            stop = found.start() if found else len(self.text)
            self.heredocs.append(self.text[self.at : stop])
            self.at = found.end() + 1 if found else len(self.text)
        self._pending = []

    def _word(self) -> _Token:
        parts: list[str] = []
        quoted = False
        while self.at < len(self.text):
            char = self.text[self.at]
            if char in " \t\n|;&()<>":
                break
            if char in "'\"" or self.text.startswith("$'", self.at):
                quoted = True
                parts.append(self._quoted())
            elif char == "\\":
                parts.append(self._escaped())
            elif self.text.startswith("$(", self.at) or char == "`":
                parts.append(self._substitution())
            else:
                parts.append(char)
                self.at += 1
        return _Token("word", "".join(parts), quoted)

    def _escaped(self) -> str:
        """What a backslash keeps; it joins lines."""
        kept = self.text[self.at + 1 : self.at + 2]
        self.at += 2
        return "" if kept == "\n" else kept

    def _quoted(self) -> str:
        if self.text[self.at] == "$":
            self.at += 1
        mark, parts = self.text[self.at], list[str]()
        self.at += 1
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == mark:
                self.at += 1
                return "".join(parts)
            if char == "\\" and mark == '"' and self.text[self.at + 1 : self.at + 2] in '"\\$`\n':
                parts.append(self._escaped())
            elif mark == '"' and self.text.startswith("$(", self.at):
                parts.append(self._substitution())
            else:
                parts.append(char)
                self.at += 1
        self.error = f"unbalanced {mark}"
        return "".join(parts)

    def _substitution(self) -> str:
        start = self.at
        if self.text[self.at] == "`":
            end = self.text.find("`", self.at + 1)
            self.at = len(self.text) if end < 0 else end + 1
            self.inner.append(self.text[start + 1 : self.at - 1])
            return self.text[start : self.at]
        depth, quote = 0, ""
        while self.at < len(self.text):
            char = self.text[self.at]
            self.at += 1
            if quote:
                quote = "" if char == quote else quote
            elif char in "'\"":
                quote = char
            elif char == "(":
                depth += 1
            elif char == ")":
                depth -= 1
                if depth == 0:
                    break
        if depth:
            self.error = "unbalanced $("
        self.inner.append(self.text[start + 2 : self.at - 1])
        return self.text[start : self.at]


def parse(text: str) -> Script:
    """Read a command line.

    Args:
        text: as the agent wrote it.
    """
    scanner = _Scanner(text)
    script = Script()
    builder = _Builder(script)
    for token in scanner.tokens():
        builder.take(token)
    builder.finish(scanner.heredocs)
    script.error = scanner.error
    for inner in scanner.inner:
        script.inner += parse(inner).pipelines
    return script


class _Builder:
    """Puts tokens together."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._members: list[Simple] = []
        self._words: list[str] = []
        self._written: list[str] = []
        self._read: list[str] = []
        self._redirect = ""
        self._heredocs: list[int] = []
        self._depth = 0
        self._for = False

    def take(self, token: _Token) -> None:
        if token.kind == "redirect":
            self._redirect = token.text
            if token.text in {"<<", "<<-"}:
                self._heredocs.append(len(self._script.pipelines))
        elif token.kind == "word":
            self._word(token)
        elif token.text in {"|", "|&"}:
            self._end_simple()
        else:
            self._end_pipeline(token.text)

    def _word(self, token: _Token) -> None:
        if self._redirect:
            target = self._written if ">" in self._redirect else self._read
            if self._redirect not in {"<<", "<<-", "<<<"} and not token.text.isdigit():
                target.append(token.text)
            self._redirect = ""
        elif not self._words and not token.quoted and token.text in _OPENERS | _CLOSERS:
            self._depth += (token.text in {"if", "while", "until"}) - (token.text in {"fi", "done"})
        elif not self._words and token.text in {"for", "case"} and not token.quoted:
            self._depth += 1
            self._for = True
        elif not self._for and not self._words and _ASSIGNMENT.match(token.text):
            self._script.assigned.append(token.text)
        elif not self._for:
            self._words.append(token.text)

    def _end_simple(self) -> None:
        if self._words:
            self._members.append(
                Simple(
                    tuple(self._words),
                    tuple(self._written),
                    tuple(self._read),
                    looped=self._depth > 0,
                )
            )
        self._words, self._written, self._read = [], [], []
        self._for = False

    def _end_pipeline(self, then: str) -> None:
        self._end_simple()
        if self._members:
            joined = ";" if then in {"\n", "(", ")", ";;"} else then
            self._script.pipelines.append(Pipeline(tuple(self._members), joined))
        self._members = []

    def finish(self, heredocs: list[str]) -> None:
        self._end_pipeline("")
        for number, body in zip(self._heredocs, heredocs, strict=False):
            if number < len(self._script.pipelines):
                pipeline = self._script.pipelines[number]
                last = pipeline.members[-1]
                with_body = Simple(last.argv, last.written, last.read, body, last.looped)
                members = (*pipeline.members[:-1], with_body)
                self._script.pipelines[number] = Pipeline(members, pipeline.then)
