"""The one exception that t5tune shows to its user without a traceback."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class T5TuneError(Exception):
    """Bad input: one sentence that says what and where, and the next command to type.

    Args:
        message: What is wrong and where (file, line, key). One sentence; several
            problems of one file may be one line each.
        next_command: A command, or a short instruction, that gets the user further.
    """

    def __init__(self, message: str, *, next_command: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.next_command = next_command


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """The end of a sentence: `; did you mean X?` with the nearest choice, or nothing."""
    near = difflib.get_close_matches(word, list(choices), n=1)
    return f"; did you mean {near[0]}?" if near else ""
