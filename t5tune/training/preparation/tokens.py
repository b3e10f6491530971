"""The tokens of the training data, taken from the cache or computed and stored there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from t5tune.console import say
from t5tune.data.augmentation.describing import describe_augmentation
from t5tune.data.augmentation.rounds import Rounds
from t5tune.data.cleaning.cleaning_report import CleaningReport
from t5tune.data.encoding import EncodedDataset
from t5tune.data.fingerprints import combine_fingerprints
from t5tune.data.leak_places import locate_leaks
from t5tune.data.overlap import OverlapCounter
from t5tune.data.pair_encoding import PairEncoder
from t5tune.data.pairs import Pairs
from t5tune.data.readers.open_splits import describe_place
from t5tune.data.store.store_building import build_store
from t5tune.data.store.store_key import StoreKey, digest_tokenizer
from t5tune.data.store.store_manifest import StoreManifest
from t5tune.data.store.token_store import TokenStore, choose_folder, find_or_build_store
from t5tune.data.store.training_stores import TrainingStores
from t5tune.data.training_text import TrainingText
from t5tune.models.families import find_family, set_languages
from t5tune.models.input_settings import CHUNK
from t5tune.recipe.resolved_recipe import ResolvedData
from t5tune.reporting.known_overlaps import keep_overlap, known_overlap
from t5tune.reporting.reports.leak_sentences import describe_leaks
from t5tune.run.directory import RunDirectory
from t5tune.training.preparation.augmentation import build_rounds
from t5tune.training.preparation.streamed_tokens import (
    StreamedTokens,
    imagine_longest,
    open_stream,
)
from t5tune.training.preparation.texts import Texts, TextsOfEntry


@dataclass(frozen=True)
class TrainingTokens:
    """Tokens of the training data, stored or streamed.

    Attributes:
        stores: Their stores; None if they are streamed.
        streamed: Their stream; None if they are stored.
        dataset: Stored examples, or one as long as any that a stream may give.
        fingerprints: What decides them, by name, which a resumed run compares.
        num_examples: Number of examples of each entry; empty if they are streamed.
        remarks: What was noticed while they were read, by entry.
    """

    stores: TrainingStores | None
    streamed: StreamedTokens | None
    dataset: EncodedDataset
    fingerprints: dict[str, str]
    num_examples: Mapping[str, int] = field(default_factory=dict)
    remarks: Mapping[str, Sequence[str]] = field(default_factory=dict)


def prepare_tokens(
    texts: Texts,
    tokenizer: PreTrainedTokenizerBase,
    data: ResolvedData,
    model: PreTrainedModel,
    run: RunDirectory,
) -> TrainingTokens:
    """Return the tokens of the training data. Errors as in `tokenize` and `open_stream`."""
    rounds = build_rounds(texts, tokenizer, data)
    has_languages = find_family(model.config.model_type).has_language_tokens
    if data.is_streamed:
        streamed = open_stream(texts, tokenizer, data, model, rounds)
        fingerprints = {"data.train": streamed.fingerprint}
        return TrainingTokens(None, streamed, imagine_longest(data), fingerprints)
    stores = tokenize(texts, tokenizer, data, run, rounds, has_languages=has_languages)
    fingerprints = {}
    for key, store in stores.by_key.items():
        title = texts.entries[key].title
        fingerprints[title] = store.manifest.pairs_sha256
        fingerprints[f"the tokens of {title}"] = store.manifest.tokens_sha256
    # Last: of a mixture, a checkpoint's comparison names the entry that has changed.
    fingerprints["data.train"] = fingerprint_pairs(stores, data)
    return TrainingTokens(
        stores,
        None,
        stores.open(),
        fingerprints,
        stores.count_examples(),
        {key: _list_remarks(store.manifest) for key, store in stores.by_key.items()},
    )


def fingerprint_pairs(stores: TrainingStores, data: ResolvedData) -> str:
    """Return the fingerprint of all training pairs, those that entries share only once."""
    distinct = dict.fromkeys(data.origins.values())
    return combine_fingerprints([stores.by_key[key].manifest.pairs_sha256 for key in distinct])


def tokenize(
    texts: Texts,
    tokenizer: PreTrainedTokenizerBase,
    data: ResolvedData,
    run: RunDirectory,
    rounds: Rounds,
    *,
    has_languages: bool = False,
) -> TrainingStores:
    """Return the tokens of the training data, and compare the other sets with its texts.

    Both are done in one pass over the texts, or in none if the cache has both.

    Args:
        texts: Texts of the run.
        tokenizer: Tokenizer of the model.
        data: Data section of the resolved recipe.
        run: Run that stores the comparisons for its reports.
        rounds: Variants of the training data; the comparison is with the data as it is.
        has_languages: Whether the tokenizer adds tokens that name languages.

    Raises:
        T5TuneError: The training data cannot be read or changes meanwhile, none of it can be used,
            or the disk is full.
    """
    folder, digests = choose_folder(run.tokens), dict[Any, str]()
    compared = _Comparison(texts)
    stores: dict[str, TokenStore] = {}
    for key, entry in texts.entries.items():
        prefix = data.entries[key].prefix or ""
        languages = data.languages_of(key, texts.languages) if has_languages else texts.languages
        if languages != texts.languages:
            set_languages(tokenizer, *languages)
        if languages not in digests:
            digests[languages] = digest_tokenizer(tokenizer)
        build = _StoreBuilder(entry, tokenizer, digests[languages], data, prefix, rounds, compared)
        stores[key] = find_or_build_store(build.key, folder, build)
        if languages != texts.languages:
            set_languages(tokenizer, *texts.languages)
    found = TrainingStores(stores)
    fingerprint = fingerprint_pairs(found, data)
    known = [known_overlap(run, fingerprint, examples) for examples in texts.translated]
    overlaps = [overlap for overlap in known if overlap is not None]
    if len(overlaps) < len(known):
        overlaps = compared.finish().results()
    overlaps = locate_leaks(overlaps, texts.training, texts.identity.place_key())
    for examples, overlap, before in zip(texts.translated, overlaps, known, strict=True):
        if overlap != before:
            keep_overlap(run, fingerprint, examples, overlap)
    texts.training.forget()
    _describe(stores, texts, data)
    for sentence in describe_leaks(texts.translated, overlaps):
        say(sentence)
    return found


class _Comparison:
    """The comparison of the other sets with the training data, while this is tokenized.

    Args:
        texts: Texts of the run.
    """

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self._wanted = list({id(one.text): one.text for one in texts.entries.values()}.values())
        self._seen: list[TrainingText] = []
        self._counter: OverlapCounter | None = None

    def watch(self, text: TrainingText) -> OverlapCounter | None:
        """Return the counter that sees the pairs of a text; None if it has seen them."""
        if text in self._seen or text is not self._wanted[len(self._seen)]:
            return None
        if self._counter is None:
            self._counter = OverlapCounter(self._texts.translated)
        self._seen.append(text)
        return self._counter

    def finish(self) -> OverlapCounter:
        """Return the counter that has seen all pairs, which are read if they were not tokenized."""
        if self._counter is None or len(self._seen) < len(self._wanted):
            self._counter = OverlapCounter(self._texts.translated)
            doing = "comparing the test set with"
            for pairs in self._texts.training.usable_chunks(doing):
                self._counter.add(pairs, self._counter.search(pairs))
        return self._counter


class _StoreBuilder:
    """Writes the store of an entry.

    Args:
        entry: Texts of the entry.
        tokenizer: Tokenizer of the model.
        digest: Digest of the tokenizer.
        data: Data section of the resolved recipe.
        prefix: Text before every source.
        rounds: Variants of the training data.
        compared: Comparison of the other sets with it.
    """

    def __init__(
        self,
        entry: TextsOfEntry,
        tokenizer: PreTrainedTokenizerBase,
        digest: str,
        data: ResolvedData,
        prefix: str,
        rounds: Rounds,
        compared: _Comparison,
    ) -> None:
        limits = data.max_source_length, data.max_target_length
        self.key = StoreKey(entry.identity.values, digest, prefix, *limits, rounds.identity)
        self._entry = entry
        self._encoder: Callable[[], PairEncoder] = partial(PairEncoder, tokenizer, prefix, *limits)
        self._rounds = rounds
        self._compared = compared

    def __call__(self, directory: Path) -> None:
        """Write the store to a directory."""
        split = self._entry.text.split
        build_store(
            directory,
            self.key,
            self._unchanged,
            self._encoder(),
            origin=describe_place(split.place),
            rounds=self._rounds,
            start_cleaning=self._entry.text.start_cleaning,
            watch=self._compared.watch(self._entry.text),
            describe_readings=split.describe_readings,
        )

    def _unchanged(self) -> Iterator[Pairs]:
        yield from self._entry.text.chunks("tokenizing")
        self._entry.identity.check_unchanged()


def _list_remarks(manifest: StoreManifest) -> list[str]:
    cleaning = (
        () if manifest.cleaning is None else CleaningReport.from_json(manifest.cleaning).describe()
    )
    return [*manifest.remarks, *cleaning, *describe_augmentation(manifest)]


def _describe(stores: Mapping[str, TokenStore], texts: Texts, data: ResolvedData) -> None:
    for key, store in stores.items():
        manifest, title = store.manifest, texts.entries[key].title
        for sentence in _list_remarks(manifest):
            say(f"{title}: {sentence}")
        num_blank = 0 if manifest.cleaning else manifest.num_blank  # cleaning counts them itself
        blank = f" ({num_blank:,} blank ones left out)" if num_blank else ""
        line = f"{manifest.num_examples:,} training examples{blank}"
        if texts.mixture:
            say(f"{title}: {line}")
    others = Counter[str]()
    for key, num in texts.count_examples({}).items():
        others[key.partition("[")[0]] += num
    sets = ", ".join(f"{num:,} {split}" for split, num in others.items())
    say(f"data: {sets}" if texts.mixture else f"data: {line}, {sets}")
    num_cut = sum(store.manifest.num_truncated for store in stores.values())
    if num_cut:
        num_texts = 2 * sum(store.manifest.num_examples for store in stores.values())
        say(
            f"data: {num_cut:,} of {num_texts:,} training texts "
            "were cut to data.max_source_length or data.max_target_length"
            + (
                " (data.long_sources: chunk is about translating)"
                if data.long_sources == CHUNK
                else ""
            )
        )
