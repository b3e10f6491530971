"""The error about a file that another value of a key of the recipe would read."""

from __future__ import annotations

from t5tune.errors import T5TuneError


class WrongSetting(T5TuneError):  # noqa: N818 (the sentence says that it is an error)
    """Error about a file that is read with the wrong encoding or the wrong delimiter.

    Args:
        message: Sentence about what is wrong and where.
        next_command: What to do where there is no recipe.
        key: Key of a data entry.
        value: Its right value, as a recipe writes it; None if the key has to go.
        remark: What to know about that value.
    """

    def __init__(
        self, message: str, *, next_command: str, key: str, value: str | None, remark: str = ""
    ) -> None:
        super().__init__(message, next_command=next_command)
        self.key = key
        self.value = value
        self.remark = remark

    def for_entry(self, where: str) -> T5TuneError:
        """Return the error that tells what to change in an entry of the recipe."""
        change = (
            f"remove `{self.key}` from {where}"
            if self.value is None
            else f"add `{self.key}: {self.value}` to {where}"
        )
        remark = f"   # {self.remark}" if self.remark else ""
        return T5TuneError(self.message, next_command=change + remark)
