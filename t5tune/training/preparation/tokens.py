"""The tokens of the training data, taken from the cache or computed and stored there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from transformers import PreTrainedTokenizerBase

from t5tune.console import say
from t5tune.data.pair_encoding import PairEncoder
from t5tune.data.pairs import Cleaning, Pairs
from t5tune.data.readers.open_splits import describe_place
from t5tune.data.store.store_building import build_store
from t5tune.data.store.store_key import StoreKey, digest_tokenizer
from t5tune.data.store.store_manifest import StoreManifest
from t5tune.data.store.token_store import TokenStore, choose_folder, find_or_build_store
from t5tune.recipe.resolved_recipe import ResolvedData
from t5tune.reporting.known_overlaps import OverlapWatch, known_overlap
from t5tune.run.directory import RunDirectory
from t5tune.training.preparation.texts import Texts


def tokenize(
    texts: Texts, tokenizer: PreTrainedTokenizerBase, data: ResolvedData, run: RunDirectory
) -> TokenStore:
    """Return the tokens of the training data, and compare the reported set with its texts.

    Both are done in one pass over the texts, or in none if the cache has both.

    Args:
        texts: Texts of the run.
        tokenizer: Tokenizer of the model.
        data: Data section of the resolved recipe.
        run: Run that stores the comparison for its report.

    Raises:
        T5TuneError: The training data cannot be read or changes meanwhile, none of it can be used,
            or the disk is full.
    """
    limits = data.max_source_length, data.max_target_length
    prefix, split = data.train.prefix, texts.training.split
    key = StoreKey(texts.identity.values, digest_tokenizer(tokenizer), prefix, *limits)
    watch: OverlapWatch | None = None

    def unchanged() -> Iterator[Pairs]:
        yield from texts.training.chunks("tokenizing")
        texts.identity.check_unchanged()

    def build(directory: Path) -> None:
        nonlocal watch
        watch = OverlapWatch(texts.reported)
        build_store(
            directory,
            key,
            unchanged(),
            PairEncoder(tokenizer, prefix, *limits),
            origin=describe_place(split.place),
            watch=watch.add,
            describe_readings=split.describe_readings,
        )

    store = find_or_build_store(key, choose_folder(run.tokens), build)
    fingerprint = store.manifest.pairs_sha256
    if known_overlap(run, fingerprint, texts.reported) is None:
        if watch is None:
            watch = OverlapWatch(texts.reported)
            for pairs in Cleaning().clean(texts.training.chunks("comparing the test set with")):
                watch.add(pairs)
        watch.keep(run, fingerprint)
    texts.training.forget()
    _describe(store.manifest, texts)
    return store


def _describe(manifest: StoreManifest, texts: Texts) -> None:
    for sentence in manifest.remarks:
        say(f"data.train: {sentence}")
    blank = f" ({manifest.num_blank:,} blank ones left out)" if manifest.num_blank else ""
    counts = texts.count_examples(manifest.num_examples)
    line = f"{counts['train']:,} training examples{blank}, {counts['validation']:,} validation"
    say(f"data: {line}" + (f", {counts['test']:,} test" if "test" in counts else ""))
    if manifest.num_truncated:
        say(
            f"data: {manifest.num_truncated:,} of {2 * manifest.num_examples:,} training texts "
            "were cut to data.max_source_length or data.max_target_length"
        )
