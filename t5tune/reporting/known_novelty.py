"""What a run's training data had not of a test set, found out once and stored in the run."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from t5tune.console import say
from t5tune.data.encoding import encode_texts
from t5tune.data.examples import Examples
from t5tune.data.fingerprints import RowsFingerprint
from t5tune.data.novelty import NoveltyCounter, TrainingNovelty, novelty_key
from t5tune.data.pair_encoding import choose_encoding
from t5tune.data.pairs import Cleaning
from t5tune.data.readers.sources import open_split
from t5tune.data.store.store_key import StoreKey, digest_tokenizer
from t5tune.data.store.store_manifest import stores_directory
from t5tune.data.store.stored_cuts import StoredCuts
from t5tune.data.store.token_store import find_source_lengths
from t5tune.data.training_text import TrainingText
from t5tune.errors import T5TuneError
from t5tune.files.json_values import as_object, read_object
from t5tune.files.writing import write_text
from t5tune.recipe.resolved_recipe import ResolvedRecipe
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
    counter, rows = NoveltyCounter(examples), RowsFingerprint()
    languages = recipe.source_lang, recipe.target_lang
    try:
        lengths = _TrainingLengths(run, recipe, tokenizer)
        text = TrainingText(open_split(recipe.data, "train", *languages))
        for pairs in Cleaning().clean(text.chunks("looking for what is new in the test set")):
            counter.add(pairs)
            lengths.add(pairs.sources)
            rows.add_pairs(*pairs)
    except T5TuneError as error:
        say(f"what is new in the test set is not known: {error.message}")
        return None
    if recorded is not None and rows.hexdigest() != recorded:
        say(
            "what is new in the test set is not known: data.train is not what it was when "
            f"{run.path} was trained"
        )
        return None
    prefixed = [recipe.data.train.prefix + source for source in examples.sources]
    num_tokens = map(len, encode_texts(prefixed, tokenizer, max_length=None)[0])
    novelty = counter.result(list(num_tokens), lengths.histogram)
    if recorded is not None:
        with suppress(T5TuneError):  # it can be found out again
            write_text(file, json.dumps(novelty.to_json()) + "\n")
    return novelty


class _TrainingLengths:
    """Number of training sources by their length in tokens.

    Args:
        run: Run of the training data.
        recipe: Its recipe.
        tokenizer: Its tokenizer.

    Attributes:
        histogram: Number of sources of each length, shape (longest + 1,).
    """

    def __init__(
        self, run: RunDirectory, recipe: ResolvedRecipe, tokenizer: PreTrainedTokenizerBase
    ) -> None:
        data = recipe.data
        limits = data.max_source_length, data.max_target_length
        identity = StoredCuts(data, recipe.source_lang, recipe.target_lang).identity
        key = StoreKey(identity.values, digest_tokenizer(tokenizer), data.train.prefix, *limits)
        self._prefix, self._most = data.train.prefix, data.max_source_length
        self._encode = choose_encoding(tokenizer, as_target=False)
        stored = find_source_lengths(key, (stores_directory(), run.tokens))
        self._is_known = stored is not None
        self.histogram = np.bincount(np.zeros(0, np.int64) if stored is None else stored)

    def add(self, sources: list[str]) -> None:
        """Count sources, unless the stored tokens say all."""
        if self._is_known or not sources:
            return
        encoded = self._encode([self._prefix + source for source in sources])
        lengths = [min(len(ids), self._most) for ids in encoded]
        counts: NDArray[np.int64] = np.bincount(lengths, minlength=len(self.histogram))
        counts[: len(self.histogram)] += self.histogram
        self.histogram = counts
