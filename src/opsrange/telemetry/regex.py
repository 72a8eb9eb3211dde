"""Regular expressions that people and agents write: RE2, as in Prometheus and Alertmanager.

A backtracking engine would let one matcher occupy the world for ever. RE2 takes time linear in the text, and refuses what
cannot be matched so.

Belongs here: the one way to match a foreign expression. Does not: expressions of our own (``re``).
"""

from __future__ import annotations

import re2

_REMEMBERED_MAX = 8_192
"""Verdicts kept per expression; label values repeat, and a match costs a hundred look-ups."""
_OPTIONS = re2.Options()
_OPTIONS.log_errors = False


class RegexError(ValueError):
    """Text that is not a regular expression; the message says why, in RE2's words."""


class Regex:
    """A compiled expression, anchored at both ends; a dot matches newlines too.

    Args:
        text: in RE2's syntax.

    Raises:
        RegexError: when it is not an expression.
    """

    def __init__(self, text: str) -> None:
        try:
            self._compiled = re2.compile(f"(?s:{text})", _OPTIONS)
        except (re2.error, UnicodeEncodeError) as error:
            words = error.args[0] if error.args else ""
            message = words.decode(errors="replace") if isinstance(words, bytes) else str(error)
            raise RegexError(message) from None
        self._remembered: dict[str, bool] = {}

    def matches(self, text: str) -> bool:
        """Whether the expression matches all of ``text``."""
        verdict = self._remembered.get(text)
        if verdict is None:
            if len(self._remembered) >= _REMEMBERED_MAX:
                self._remembered.clear()
            verdict = self._remembered[text] = self.groups(text) is not None
        return verdict

    def groups(self, text: str) -> dict[str, str] | None:
        """What each group matched, by number and by name, the whole under ``0``; ``None`` without a match.

        A group that took no part is empty.
        """
        match = self._compiled.fullmatch(text.encode(errors="replace").decode())
        if match is None:
            return None
        numbered = {str(number): match[number] or "" for number in range(match.re.groups + 1)}
        return numbered | {name: text or "" for name, text in match.groupdict().items()}
