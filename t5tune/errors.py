"""The one exception that t5tune shows without a traceback, and how texts appear in messages."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

# C0 and C1 move the cursor and set colours, marks of direction turn what follows around, and
# halves of a character cannot be written. Line breaks and tabs are the text's own.
_CONTROLS = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
_MOST_NAMES = 20
_LONGEST_NAME = 60  # characters


class T5TuneError(Exception):
    """Error of the user's input: what is wrong, where, and the next command to type.

    Args:
        message: Sentence about what is wrong and where (file, line, key); several problems of
            one file may take one line each.
        next_command: A command, or a short instruction, that gets the user further.
    """

    def __init__(self, message: str, *, next_command: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.next_command = next_command


class MissingPackage(T5TuneError):  # noqa: N818 (the sentence says that it is an error)
    """Error about an extra that is not installed; the next command installs it."""


class NotAllowed(T5TuneError):  # noqa: N818 (the sentence says that it is an error)
    """Error of something that may be unsafe, which a command does only if it is told to.

    Args:
        message: Sentence about what it is.
        option: Option of the command line that allows it; in Python an argument of that name.
        training_words: What allows it in a command that trains, if that is not just the option.
        caution: What the user should know before allowing it.
    """

    def __init__(
        self, message: str, *, option: str, training_words: Sequence[str] = (), caution: str
    ) -> None:
        self.option = option
        self.training_words = list(training_words) or [option]
        argument = f"{option.removeprefix('--').replace('-', '_')}=True"
        super().__init__(
            message,
            next_command=f"the same command with {option}, in Python {argument}   # {caution}",
        )


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """Return the end of a sentence, `; did you mean X?`, or an empty text if no choice is close."""
    near = find_nearest(word, choices)
    return f"; did you mean {visible(near, one_line=True)}?" if near else ""


def find_nearest(word: str, choices: Iterable[str]) -> str | None:
    """Return the choice that is spelled most like a word; None if none is close."""
    return next(iter(difflib.get_close_matches(word, list(choices), n=1)), None)


def visible(text: str, *, one_line: bool = False) -> str:
    r"""Return the text with its control characters spelled out: `\x1b` instead of an escape.

    Everything that is printed for people goes through this, since files, recipes and answers of a
    hub could otherwise clear the terminal or write over a message.

    Args:
        text: Any text.
        one_line: Whether to spell out line breaks and tabs too, as in a name within a message.
    """
    if one_line:
        text = text.replace("\n", "\\n").replace("\t", "\\t")
    return _CONTROLS.sub(_spell, text)


def _spell(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape", "surrogatepass").decode("ascii")


def shorten_reason(error: BaseException) -> str:
    """Return what an error of a library says, on one line of at most 300 characters."""
    return " ".join(str(error).split())[:300]


def list_names(names: Sequence[str]) -> str:
    """Return names as a message lists them: on one line, not all of thousands."""
    shown = [_shorten(visible(name, one_line=True)) for name in names[:_MOST_NAMES]]
    more = f" and {len(names) - _MOST_NAMES:,} more" if len(names) > _MOST_NAMES else ""
    return (", ".join(shown) or "none") + more


def _shorten(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else name[:_LONGEST_NAME] + "…"
