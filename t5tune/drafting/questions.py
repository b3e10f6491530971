"""The questions that a draft leaves to its user, on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Protocol

from t5tune.console import say, stderr_console
from t5tune.errors import visible


class Asker(Protocol):
    """Asks a question, or answers it by itself."""

    is_silent: bool

    def ask(self, question: str, default: str) -> str:
        """Return the answer, which is the default if the user just presses Enter."""

    def choose(self, question: str, choices: Sequence[str], default: str) -> str:
        """Return one of the choices."""


class Silent:
    """Takes every default."""

    is_silent = True

    def ask(self, question: str, default: str) -> str:
        """Return the default."""
        return default

    def choose(self, question: str, choices: Sequence[str], default: str) -> str:
        """Return the default."""
        return default


class Terminal:
    """Asks on stderr, and reads the answer from stdin."""

    is_silent = False

    def ask(self, question: str, default: str) -> str:
        """Return the answer; the default where the input ends."""
        prompt = f"{visible(question)} [{visible(default, one_line=True)}] "
        stderr_console().out(prompt, end="", highlight=False)
        answer = sys.stdin.readline()
        if not answer.endswith("\n"):
            say("")
        return answer.strip() or default

    def choose(self, question: str, choices: Sequence[str], default: str) -> str:
        """Return the answer once it is one of the choices, or the number of one."""
        while True:
            answer = self.ask(question, default)
            if answer in choices:
                return answer
            if answer.isdecimal() and 1 <= int(answer) <= len(choices):
                return choices[int(answer) - 1]
            say(f"write one of: {', '.join(choices)}")
