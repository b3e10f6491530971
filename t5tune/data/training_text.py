"""The training pairs of a recipe, read from their place whenever they are needed."""

from __future__ import annotations

from collections.abc import Iterator

from t5tune.data.pairs import Cleaning, Pairs
from t5tune.data.readers.open_splits import OpenSplit

# Characters of the pairs that are kept instead of read again: as Python's texts some 200 MB.
_MOST_REMEMBERED = 50_000_000


class TrainingText:
    """Training pairs as they are read, uncleaned.

    Small data is read once and remembered; of larger data no more than a chunk is in memory.

    Args:
        split: Split of the training data.
    """

    def __init__(self, split: OpenSplit) -> None:
        self.split = split
        self._remembered: list[Pairs] | None = None

    def chunks(self, doing: str) -> Iterator[Pairs]:
        """Yield all pairs, some at a time.

        Args:
            doing: What is done with them, for the progress.

        Raises:
            T5TuneError: They cannot be read, or there are none.
        """
        if self._remembered is not None:
            yield from self._remembered
            return
        kept: list[Pairs] | None = []
        num_characters = num_read = 0
        for chunk in self.split.chunks(doing):
            pairs = Pairs([one.source for one in chunk], [one.references[0] for one in chunk])
            if kept is not None:
                num_characters += sum(map(len, pairs.sources)) + sum(map(len, pairs.targets))
                num_read += len(chunk)
                # Of large data whose size is known, not even the beginning is kept.
                share = min(1.0, num_read / (self.split.num_rows or num_read))
                kept.append(pairs)
                kept = kept if num_characters <= share * _MOST_REMEMBERED else None
            yield pairs
        self._remembered = kept

    def side(self, name: str, doing: str) -> _Side:
        """Return the texts of all usable pairs on one side, which can be read several times.

        Args:
            name: `sources` or `targets`.
            doing: What is done with them, for the progress.
        """
        return _Side(self, name, doing)

    def forget(self) -> None:
        """Free the memory."""
        self._remembered = None


class _Side:
    def __init__(self, text: TrainingText, name: str, doing: str) -> None:
        self._text = text
        self._name = name
        self._doing = doing

    def __iter__(self) -> Iterator[str]:
        for pairs in Cleaning().clean(self._text.chunks(self._doing)):
            yield from getattr(pairs, self._name)
