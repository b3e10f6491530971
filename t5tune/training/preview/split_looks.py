"""A look at each split of a recipe: its tokens as training encodes them, and what they show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from transformers import PreTrainedTokenizerBase

from t5tune.console import track
from t5tune.data.augmentation.rounds import NO_AUGMENTATION, Rounds
from t5tune.data.cleaning.cleaning_report import CleaningReport
from t5tune.data.encoding import CHUNK, EncodedDataset, join_datasets
from t5tune.data.examples import Examples
from t5tune.data.leak_places import locate_leaks
from t5tune.data.overlap import OverlapCounter, TrainingOverlap
from t5tune.data.overview.data_overview import SplitOverview
from t5tune.data.overview.encoded_examples import EncodedExample, show_encoded
from t5tune.data.overview.looking import (
    FIRST,
    NEXT,
    OVER,
    UNKNOWN,
    Look,
    NotedPair,
    find_row_lengths,
    look_at_pairs,
    summarize_side,
)
from t5tune.data.overview.lost_characters import UnknownParts
from t5tune.data.overview.token_counter import TokenCounter
from t5tune.data.pair_encoding import PairEncoder
from t5tune.data.pairs import NumberedPairs, Pairs, refuse_blank
from t5tune.data.readers.open_splits import describe_place
from t5tune.data.store.store_key import StoreKey, digest_tokenizer
from t5tune.data.store.store_manifest import stores_directory
from t5tune.data.store.token_store import find_lengths
from t5tune.data.text_normalizers import choose_normalizer
from t5tune.data.token_sequences import Lengths, TokenSequences
from t5tune.data.training_text import TrainingText
from t5tune.models.families import set_languages
from t5tune.recipe.resolved_recipe import ResolvedData
from t5tune.recipe.sections.mixed_entry import MixedEntry
from t5tune.training.preparation.texts import Texts, TextsOfEntry

NUM_ENCODED = 3  # examples that are shown as tokens
# Why pairs are shown, the more important reasons first; then come other entries.
_RANKS = (FIRST, UNKNOWN, OVER, NEXT)


class SplitLooks:
    """Looks at one split after another.

    Args:
        texts: Texts of the recipe.
        tokenizer: Tokenizer of the model.
        data: Data section of the resolved recipe.
        rounds: What makes examples of plain text, if the data is that.
        rows: Number of examples of each entry whose tokens are counted; None for all.
        has_languages: Whether the tokenizer adds tokens that name languages.

    Attributes:
        splits: What was found, in the order of the looks.
        cleaning: What rules have left out of each training entry.
        num_compared: Number of training pairs that the other sets are compared with.
    """

    def __init__(
        self,
        texts: Texts,
        tokenizer: PreTrainedTokenizerBase,
        data: ResolvedData,
        rounds: Rounds,
        rows: int | None,
        *,
        has_languages: bool,
    ) -> None:
        self.splits: list[SplitOverview] = []
        self.cleaning: dict[str, CleaningReport] = {}
        self.num_compared = 0
        self._texts, self._tokenizer, self._data = texts, tokenizer, data
        self._rounds, self._rows, self._has_languages = rounds, rows, has_languages
        self._parts = UnknownParts(tokenizer)
        self._overlap = OverlapCounter(texts.translated)
        self._seen: list[TrainingText] = []
        self._row_lengths: list[Lengths] = []
        self._examples: list[tuple[int, EncodedExample]] = []

    def look_at_training(self, key: str, entry: TextsOfEntry) -> None:
        """Look at a training entry, and compare the other sets with its pairs.

        Raises:
            T5TuneError: It cannot be read, or nothing is left of it.
        """
        is_new, is_streamed = entry.text not in self._seen, self._data.is_streamed
        self._seen.append(entry.text)
        cleaning = entry.text.start_cleaning()
        with self._using(key, self._data.entries[key].prefix or "", self._rounds) as counter:
            with track(f"counting the tokens of data.{key}"):
                look = look_at_pairs(
                    cleaning.clean(entry.text.chunks("reading")),
                    counter,
                    self._rows,
                    self._overlap if is_new else None,
                    stops=is_streamed,
                )
            if not look.num_pairs:
                raise refuse_blank()
            self._encode_examples(key, counter, look.noted)
            stored = None if is_streamed else self._find_stored(key, counter, entry, look)
            num_examples = None if is_streamed else look.num_examples
            self._add(key, look, num_examples, counter, cleaning.num_blank, stored)
        self.num_compared += look.num_pairs if is_new else 0
        if cleaning.report is not None:
            self.cleaning[key] = cleaning.report
        if self._data.mixture:
            self._row_lengths.append(
                find_row_lengths(look, counter.limits) if stored is None else stored[0] + stored[1]
            )

    def look_at_set(self, split: str, examples: Examples) -> None:
        """Look at the validation or test set, in each of its directions."""
        keys = [key for key in self._data.entries if key.partition("[")[0] == split]
        for key, one in zip(keys, (examples, *examples.others), strict=True):
            language = self._data.languages_of(key, self._texts.languages)[0]
            normalizer = choose_normalizer(self._data.normalization, language)
            sources = normalizer.normalize_all(one.sources[: self._rows])
            targets = [references[0] for references in one.references[: self._rows]]
            chunks = (
                Pairs(sources[start : start + CHUNK], targets[start : start + CHUNK])
                for start in range(0, len(sources), CHUNK)
            )
            with self._using(key, self._find_prefix(key), NO_AUGMENTATION) as counter:
                with track(f"counting the tokens of data.{key}"):
                    look = look_at_pairs(chunks, counter, self._rows)
                self._add(key, look, len(one.sources), counter)

    def imagine_dataset(self) -> EncodedDataset:
        """Return examples of a mixture that have lengths and no tokens."""
        nothing = np.zeros(0, np.int32)
        return join_datasets(
            [
                EncodedDataset(
                    TokenSequences.from_arrays(lengths, nothing),
                    TokenSequences.from_arrays(np.zeros_like(lengths), nothing),
                    largest_id=0,
                )
                for lengths in self._row_lengths
            ]
        )

    def compare(self) -> list[TrainingOverlap]:
        """Return the overlap of each set with the pairs so far, with the places of leaks."""
        overlaps, texts = self._overlap.results(), self._texts
        if self._data.is_streamed:
            return overlaps
        place_key = texts.identity.place_key()
        return locate_leaks(overlaps, texts.training, place_key, also_rare=True)

    def choose_examples(self) -> list[EncodedExample]:
        """Return a few encoded examples, among them one with each fault, if there is one."""
        chosen: dict[tuple[str, int], EncodedExample] = {}
        for _, one in sorted(self._examples, key=lambda ranked: ranked[0]):
            chosen.setdefault((one.entry, one.number), one)
        return list(chosen.values())[:NUM_ENCODED]

    @contextmanager
    def _using(self, key: str, prefix: str, rounds: Rounds) -> Iterator[TokenCounter]:
        """Yield the counter of an entry, while the tokenizer has the languages of that entry."""
        main = self._texts.languages
        own = self._data.languages_of(key, main) if self._has_languages else main
        limits = self._data.max_source_length, self._data.max_target_length
        if own != main:
            set_languages(self._tokenizer, *own)
        yield TokenCounter(
            PairEncoder(self._tokenizer, prefix, *limits), prefix, self._parts, rounds
        )
        if own != main:
            set_languages(self._tokenizer, *main)

    def _find_prefix(self, key: str) -> str:
        """Return what stands before the sources of a set when they are translated."""
        languages = self._texts.languages
        own = self._data.languages_of(key, languages)
        same = (
            entry.prefix or ""
            for name, entry in self._data.training_entries.items()
            if self._data.languages_of(name, languages) == own
        )
        return self._data.model_prefix if own == languages else next(same, "")

    def _find_stored(
        self, key: str, counter: TokenCounter, entry: TextsOfEntry, look: Look
    ) -> tuple[Lengths, Lengths] | None:
        """Return the lengths of all examples of a large entry, if a run has stored its tokens."""
        if self._rounds.identity is not None or look.is_complete:
            return None
        digest = digest_tokenizer(self._tokenizer)
        store = StoreKey(entry.identity.values, digest, counter.prefix, *counter.limits)
        return find_lengths(store, [stores_directory()])

    def _add(
        self,
        key: str,
        look: Look,
        num_examples: int | None,
        counter: TokenCounter,
        num_blank: int = 0,
        stored: tuple[Lengths, Lengths] | None = None,
    ) -> None:
        entry = self._data.entries[key]
        sides = (
            summarize_side(
                counts,
                limit,
                self._tokenizer,
                as_target=bool(number),
                num_examples=num_examples,
                stored=None if stored is None else stored[number],
            )
            for number, (counts, limit) in enumerate(zip(look.sides, counter.limits, strict=True))
        )
        title = f"{key} ({entry.title})" if isinstance(entry, MixedEntry) else key
        place = describe_place(entry.place)
        self.splits.append(
            SplitOverview(key, title, place, num_examples, num_blank, counter.prefix, *sides)
        )

    def _encode_examples(self, key: str, counter: TokenCounter, noted: Sequence[NotedPair]) -> None:
        is_first = not self._examples
        for one in noted:
            is_fault = one.reason in (UNKNOWN, OVER)
            rank = _RANKS.index(one.reason) if is_first or is_fault else len(_RANKS)
            sides = counter.encode(NumberedPairs(one.number, one.pair))
            texts = counter.prefix + one.pair.sources[0], one.pair.targets[0]
            shown = show_encoded(
                texts, sides, self._tokenizer, keeps_special=self._data.denoise is not None
            )
            self._examples.append((rank, EncodedExample(key, one.number + 1, one.reason, *shown)))
