"""What a run's training data had not of a test set, found out once and stored in the run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from t5tune.console import say
from t5tune.data.encoding import encode_texts
from t5tune.data.examples import Examples
from t5tune.data.novelty import ComparedLengths, NoveltyCounter, TrainingNovelty, novelty_key
from t5tune.data.pair_encoding import PairEncoder
from t5tune.data.pairs import Pairs
from t5tune.data.store.store_key import StoreKey, digest_tokenizer
from t5tune.data.store.store_manifest import stores_directory
from t5tune.data.store.stored_cuts import StoredCuts
from t5tune.data.store.token_store import find_lengths
from t5tune.data.token_sequences import Lengths
from t5tune.data.training_text import TrainingText, open_training
from t5tune.errors import T5TuneError
from t5tune.files.json_values import as_object, read_object
from t5tune.files.writing import write_text
from t5tune.recipe.resolved_recipe import ResolvedRecipe
from t5tune.reporting.known_overlaps import fingerprint_texts
from t5tune.run.directory import RunDirectory

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def find_novelty(
    run: RunDirectory,
    recipe: ResolvedRecipe,
    examples: Examples,
    tokenizer: PreTrainedTokenizerBase,
) -> TrainingNovelty | None:
    """Return what the training data of a run had not of the examples.

    The training data is read in one pass, unless the run has the result of an earlier one. The
    lengths in tokens come from the tokens that training has stored, where they still are.

    Returns:
        The novelty; None, with a message, where the training data is unreadable or has changed.
    """
    recorded = as_object(read_object(run.environment).get("data_sha256")).get("data.train")
    file = run.novelties / f"{novelty_key(str(recorded), examples)}.json"
    known = TrainingNovelty.from_json(read_object(file))
    if recorded is not None and known is not None:
        return known
    counter = NoveltyCounter(examples)
    languages = recipe.source_lang, recipe.target_lang
    try:
        cuts = StoredCuts(recipe.data, *languages)
        texts = open_training(recipe.data, *languages, cuts)
        lengths = _TrainingLengths(run, recipe, tokenizer, cuts, texts)

        def see(text: TrainingText, pairs: Pairs) -> None:
            counter.add(pairs)
            lengths.add(text, pairs)

        doing = "looking for what is new in the test set"
        found = fingerprint_texts(texts.values(), doing, see)
    except T5TuneError as error:
        say(f"what is new in the test set is not known: {error.message}")
        return None
    if recorded is not None and found != recorded:
        say(
            "what is new in the test set is not known: data.train is not what it was when "
            f"{run.path} was trained"
        )
        return None
    novelty = counter.result(*lengths.compare(examples))
    if recorded is not None:
        with suppress(T5TuneError):  # it can be found out again
            write_text(file, json.dumps(novelty.to_json()) + "\n")
    return novelty


class _TrainingLengths:
    """Number of training texts of both sides by their length in tokens.

    They are counted, unless the tokens that training has stored tell them.

    Args:
        run: Run of the training data.
        recipe: Its recipe.
        tokenizer: Its tokenizer.
        cuts: What is cut from the training data.
        texts: Texts of its entries.
    """

    def __init__(
        self,
        run: RunDirectory,
        recipe: ResolvedRecipe,
        tokenizer: PreTrainedTokenizerBase,
        cuts: StoredCuts,
        texts: Mapping[str, TrainingText],
    ) -> None:
        data = recipe.data
        limits = data.max_source_length, data.max_target_length
        digest = digest_tokenizer(tokenizer)
        self._prefix = data.model_prefix
        self._tokenizer = tokenizer
        self._histograms = [np.zeros(0, np.int64)] * 2
        self._encoders: dict[int, PairEncoder] = {}  # by the text whose lengths are not stored
        for key in dict.fromkeys(data.origins.values()):
            prefix = data.entries[key].prefix or ""
            store = StoreKey(cuts.identities[key].values, digest, prefix, *limits)
            stored = find_lengths(store, (stores_directory(), run.tokens))
            if stored is None:
                self._encoders[id(texts[key])] = PairEncoder(tokenizer, prefix, *limits)
            else:
                self._count(stored)

    def add(self, text: TrainingText, pairs: Pairs) -> None:
        """Count training pairs of a text."""
        encoder = self._encoders.get(id(text))
        if encoder is not None and pairs.sources:
            self._count([side.lengths for side in encoder.encode_pairs(pairs)])

    def _count(self, lengths: Sequence[Lengths]) -> None:
        for i, of_side in enumerate(lengths):
            before = self._histograms[i]
            counts = np.bincount(of_side, minlength=len(before))
            counts[: len(before)] += before
            self._histograms[i] = counts

    def compare(self, examples: Examples) -> tuple[ComparedLengths, ComparedLengths]:
        """Return the lengths of sources and first references beside those of training."""
        sources = [self._prefix + source for source in examples.sources]
        references = [of_one[0] for of_one in examples.references]
        encoded = (
            encode_texts(texts, self._tokenizer, max_length=None, as_target=as_target)[0]
            for texts, as_target in ((sources, False), (references, True))
        )
        first, second = (
            ComparedLengths.compare(map(len, ids), histogram)
            for ids, histogram in zip(encoded, self._histograms, strict=True)
        )
        return first, second
