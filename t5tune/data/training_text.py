"""The training pairs of a recipe, read from their place whenever they are needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from t5tune.data.cleaning.cleaner import BLANK_ALONE, Cleaner, build_cleaner
from t5tune.data.cleaning.cleaning_report import CleaningReport
from t5tune.data.cleaning.kept_rows import KeptRows, find_kept_rows, join_kept_rows
from t5tune.data.pairs import Cleaning, Pairs
from t5tune.data.readers.open_splits import Example, OpenSplit, join_splits
from t5tune.data.readers.sources import open_split
from t5tune.data.store.stored_cuts import StoredCuts
from t5tune.data.text_normalizers import AS_IT_IS, Normalizer, choose_normalizer
from t5tune.recipe.sections.data_section import DataSection

# Characters of the pairs that are kept instead of read again: as Python's texts some 200 MB.
_MOST_REMEMBERED = 50_000_000


class TrainingText:
    """Training pairs, as they are read and as training uses them.

    Small data is read once and remembered; of larger data no more than a chunk is in memory.

    Args:
        split: Split of the training data.
        cleaner: Rules by which pairs are left out; None if the recipe names none.
        is_streamed: Whether pairs are judged as they come, since nobody reads all of them first.
        normalizers: What is done with every source and target.
    """

    def __init__(
        self,
        split: OpenSplit,
        cleaner: Cleaner | None = None,
        *,
        is_streamed: bool = False,
        normalizers: tuple[Normalizer, Normalizer] = (AS_IT_IS, AS_IT_IS),
    ) -> None:
        self.split = split
        self._cleaner = cleaner
        self._is_streamed = is_streamed
        self._normalizers = normalizers
        self._remembered: list[Pairs] | None = None
        self._kept: KeptRows | None = None

    @property
    def has_rules(self) -> bool:
        """Whether a recipe's rules leave out pairs."""
        return self._cleaner is not None

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
            pairs = self.as_pairs(chunk)
            if kept is not None:
                num_characters += sum(map(len, pairs.sources)) + sum(map(len, pairs.targets))
                num_read += len(chunk)
                # Of large data whose size is known, not even the beginning is kept.
                share = min(1.0, num_read / (self.split.num_rows or num_read))
                kept.append(pairs)
                kept = kept if num_characters <= share * _MOST_REMEMBERED else None
            yield pairs
        self._remembered = kept

    def usable_chunks(self, doing: str) -> Iterator[Pairs]:
        """Yield the pairs that training uses; arguments and errors as in `chunks`."""
        return self.start_cleaning().clean(self.chunks(doing))

    def start_cleaning(self) -> Cleaning:
        """Return what leaves out pairs, for one pass over all of them.

        The first call judges all pairs by the rules of the recipe, if there are any and the data
        is not streamed.

        Raises:
            T5TuneError: No pair is left, or the pairs cannot be read.
        """
        if self._cleaner is None:
            return Cleaning()
        if self._is_streamed:
            report = CleaningReport.of_rules(self._cleaner.names, self._cleaner.key)
            return Cleaning(cleaner=self._cleaner, report=report)
        kept = self.find_kept()
        return Cleaning(kept, report=kept.report)

    def find_kept(self) -> KeptRows:
        """Return which pairs stay; the first call judges all of them.

        Raises:
            T5TuneError: No pair is left, or the pairs cannot be read.
        """
        if self._kept is None:
            cleaner = self._cleaner or BLANK_ALONE
            self._kept = find_kept_rows(cleaner, self.chunks("cleaning"))
        return self._kept

    def as_pairs(self, examples: Sequence[Example]) -> Pairs:
        """Return examples as pairs, normalized as the recipe asks."""
        of_source, of_target = self._normalizers
        return Pairs(
            of_source.normalize_all([one.source for one in examples]),
            of_target.normalize_all([one.references[0] for one in examples]),
        )

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


class JoinedText(TrainingText):
    """The pairs of several entries, one after another.

    Args:
        texts: Texts of the entries, which remember what is small.
    """

    def __init__(self, texts: Sequence[TrainingText]) -> None:
        super().__init__(join_splits("data.train", [text.split for text in texts]))
        self._texts = texts

    def chunks(self, doing: str) -> Iterator[Pairs]:
        for text in self._texts:
            yield from text.chunks(doing)

    def start_cleaning(self) -> Cleaning:
        if not any(text.has_rules for text in self._texts):
            return Cleaning()
        return Cleaning(join_kept_rows([text.find_kept() for text in self._texts]))

    def forget(self) -> None:
        for text in self._texts:
            text.forget()


def open_training(
    data: DataSection,
    source_lang: str | None,
    target_lang: str | None,
    cuts: StoredCuts | None = None,
) -> dict[str, TrainingText]:
    """Open the entries of the training data; those with the same examples share a text.

    Arguments and errors as in `open_split`.

    Returns:
        The texts by the keys of the entries.
    """
    origins, languages = data.origins, (source_lang, target_lang)
    opened: dict[str, TrainingText] = {}
    for key in dict.fromkeys(origins.values()):
        own = data.languages_of(key, languages)
        of_source, of_target = (choose_normalizer(data.normalization, one) for one in own)
        opened[key] = TrainingText(
            open_split(data, key, *languages, cuts),
            build_cleaner(data.cleaning_of(key), own, data.cleaning_key(key)),
            is_streamed=data.is_streamed,
            normalizers=(of_source, of_target),
        )
    return {key: opened[origin] for key, origin in origins.items()}


def join_texts(texts: Iterable[TrainingText]) -> TrainingText:
    """Return all pairs, those that entries share only once."""
    distinct = list({id(text): text for text in texts}.values())
    return JoinedText(distinct) if len(distinct) > 1 else distinct[0]


class _Side:
    def __init__(self, text: TrainingText, name: str, doing: str) -> None:
        self._text = text
        self._name = name
        self._doing = doing

    def __iter__(self) -> Iterator[str]:
        for pairs in self._text.usable_chunks(self._doing):
            yield from getattr(pairs, self._name)
