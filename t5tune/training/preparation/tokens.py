"""The tokens of the training data, taken from the cache or computed and stored there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from t5tune.console import say
from t5tune.data.augmentation.describing import describe_augmentation
from t5tune.data.augmentation.rounds import Rounds
from t5tune.data.encoding import EncodedDataset
from t5tune.data.leak_places import locate_leaks
from t5tune.data.overlap import OverlapCounter
from t5tune.data.pair_encoding import PairEncoder
from t5tune.data.pairs import Cleaning, Pairs
from t5tune.data.readers.open_splits import describe_place
from t5tune.data.store.store_building import build_store
from t5tune.data.store.store_key import StoreKey, digest_tokenizer
from t5tune.data.store.store_manifest import StoreManifest
from t5tune.data.store.token_store import TokenStore, choose_folder, find_or_build_store
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
from t5tune.training.preparation.texts import Texts


@dataclass(frozen=True)
class TrainingTokens:
    """Tokens of the training data, stored or streamed.

    Attributes:
        store: Their store; None if they are streamed.
        streamed: Their stream; None if they are stored.
        dataset: Stored examples, or one as long as any that a stream may give.
        fingerprints: What decides them, by name, which a resumed run compares.
        num_examples: Number of examples; None if they are streamed.
        remarks: What was noticed while they were read.
    """

    store: TokenStore | None
    streamed: StreamedTokens | None
    dataset: EncodedDataset
    fingerprints: dict[str, str]
    num_examples: int | None
    remarks: Sequence[str] = ()


def prepare_tokens(
    texts: Texts,
    tokenizer: PreTrainedTokenizerBase,
    data: ResolvedData,
    model: PreTrainedModel,
    run: RunDirectory,
) -> TrainingTokens:
    """Return the tokens of the training data. Errors as in `tokenize` and `open_stream`."""
    rounds = build_rounds(texts, tokenizer, data)
    if data.train.streaming:
        streamed = open_stream(texts, tokenizer, data, model, rounds)
        fingerprints = {"data.train": streamed.fingerprint}
        return TrainingTokens(None, streamed, imagine_longest(data), fingerprints, None)
    store = tokenize(texts, tokenizer, data, run, rounds)
    manifest = store.manifest
    fingerprints = {
        "data.train": manifest.pairs_sha256,
        "the tokens of data.train": manifest.tokens_sha256,
    }
    return TrainingTokens(
        store,
        None,
        store.open(),
        fingerprints,
        manifest.num_examples,
        [*manifest.remarks, *describe_augmentation(manifest)],
    )


def tokenize(
    texts: Texts,
    tokenizer: PreTrainedTokenizerBase,
    data: ResolvedData,
    run: RunDirectory,
    rounds: Rounds,
) -> TokenStore:
    """Return the tokens of the training data, and compare the other sets with its texts.

    Both are done in one pass over the texts, or in none if the cache has both.

    Args:
        texts: Texts of the run.
        tokenizer: Tokenizer of the model.
        data: Data section of the resolved recipe.
        run: Run that stores the comparisons for its reports.
        rounds: Variants of the training data; the comparison is with the data as it is.

    Raises:
        T5TuneError: The training data cannot be read or changes meanwhile, none of it can be used,
            or the disk is full.
    """
    limits = data.max_source_length, data.max_target_length
    prefix, split = data.train.prefix, texts.training.split
    digest = digest_tokenizer(tokenizer)
    key = StoreKey(texts.identity.values, digest, prefix, *limits, rounds.identity)
    counter: OverlapCounter | None = None

    def unchanged() -> Iterator[Pairs]:
        yield from texts.training.chunks("tokenizing")
        texts.identity.check_unchanged()

    def build(directory: Path) -> None:
        nonlocal counter
        counter = OverlapCounter(texts.translated)
        build_store(
            directory,
            key,
            unchanged,
            PairEncoder(tokenizer, prefix, *limits),
            origin=describe_place(split.place),
            rounds=rounds,
            watch=counter,
            describe_readings=split.describe_readings,
        )

    store = find_or_build_store(key, choose_folder(run.tokens), build)
    fingerprint = store.manifest.pairs_sha256
    known = [known_overlap(run, fingerprint, examples) for examples in texts.translated]
    overlaps = [overlap for overlap in known if overlap is not None]
    if len(overlaps) < len(known):
        if counter is None:
            counter = OverlapCounter(texts.translated)
            for pairs in Cleaning().clean(texts.training.chunks("comparing the test set with")):
                counter.add(pairs, counter.search(pairs))
        overlaps = counter.results()
    overlaps = locate_leaks(overlaps, split, texts.identity.place_key())
    for examples, overlap, before in zip(texts.translated, overlaps, known, strict=True):
        if overlap != before:
            keep_overlap(run, fingerprint, examples, overlap)
    texts.training.forget()
    _describe(store.manifest, texts, data)
    for sentence in describe_leaks(texts.translated, overlaps):
        say(sentence)
    return store


def _describe(manifest: StoreManifest, texts: Texts, data: ResolvedData) -> None:
    for sentence in (*manifest.remarks, *describe_augmentation(manifest)):
        say(f"data.train: {sentence}")
    blank = f" ({manifest.num_blank:,} blank ones left out)" if manifest.num_blank else ""
    counts = texts.count_examples(manifest.num_examples)
    line = f"{counts['train']:,} training examples{blank}, {counts['validation']:,} validation"
    say(f"data: {line}" + (f", {counts['test']:,} test" if "test" in counts else ""))
    if manifest.num_truncated:
        say(
            f"data: {manifest.num_truncated:,} of {2 * manifest.num_examples:,} training texts "
            "were cut to data.max_source_length or data.max_target_length"
            + (
                " (data.long_sources: chunk is about translating)"
                if data.long_sources == CHUNK
                else ""
            )
        )
