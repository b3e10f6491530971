"""The tokens of a recipe's training data, computed before any training, which finds them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from transformers import set_seed

from t5tune.data.store.store_manifest import stores_directory
from t5tune.data.store.token_store import find_writable_folder
from t5tune.errors import T5TuneError
from t5tune.models.families import find_family
from t5tune.recipe.resolve import resolve_data
from t5tune.recipe.schema import Recipe
from t5tune.run.directory import RunDirectory
from t5tune.training.preparation.augmentation import build_rounds
from t5tune.training.preparation.commits import TOKENIZER, pin_data, pin_model
from t5tune.training.preparation.denoising_objective import choose_objective
from t5tune.training.preparation.entry_languages import begin_all_texts
from t5tune.training.preparation.model_facts import find_prefixes
from t5tune.training.preparation.texts import open_texts
from t5tune.training.preparation.tokens import tokenize
from t5tune.training.preparation.vocabulary.model_tokenizer import open_tokenizer


@dataclass(frozen=True)
class PreparedEntry:
    """Tokens of a training entry.

    Attributes:
        key: Its key in the recipe, such as `train` or `train[0]`.
        num_read: Number of its examples.
        num_examples: Number of those that are used.
        num_bytes: Size of the tokens on the disk, of all rounds.
        directory: Their store.
    """

    key: str
    num_read: int
    num_examples: int
    num_bytes: int
    directory: Path


def prepare_data(recipe: Recipe) -> Sequence[PreparedEntry]:
    """Clean and tokenize the training data of a recipe, and compare the other sets with it.

    No weights are loaded. A training with the same recipe finds cuts, vocabulary, tokens and
    comparisons in the cache.

    Raises:
        T5TuneError: The data or the tokenizer cannot be used, or the cache cannot be written.
    """
    if recipe.data.is_streamed:
        raise T5TuneError(
            "data.train.streaming: streamed data is tokenized while it trains, and there is "
            "nothing to prepare.",
            next_command="t5tune train RECIPE   # or remove streaming from data.train",
        )
    if find_writable_folder() is None:
        raise T5TuneError(
            f"The cache {stores_directory()} cannot be written, and prepared tokens have no other "
            "place.",
            next_command="T5TUNE_CACHE=DIRECTORY before the same command",
        )
    with TemporaryDirectory() as directory:  # what a run keeps for itself is not needed
        return _prepare(recipe, RunDirectory(Path(directory)))


def _prepare(recipe: Recipe, run: RunDirectory) -> list[PreparedEntry]:
    pinned, commits = pin_model(recipe, run, is_resumed=False)
    pinned, _ = pin_data(pinned, run)
    settled = choose_objective(pinned)
    texts = open_texts(settled.data, recipe.source_lang, recipe.target_lang)
    set_seed(recipe.training.seed)
    tokenizer, model_type, config = open_tokenizer(pinned, texts, commits.get(TOKENIZER))
    begin_all_texts(model_type, tokenizer, recipe)
    data = resolve_data(pinned, find_prefixes(settled, model_type, tokenizer, config))
    rounds = build_rounds(texts, tokenizer, data)
    has_languages = find_family(model_type).has_language_tokens
    stores = tokenize(texts, tokenizer, data, run, rounds, has_languages=has_languages)
    return [
        PreparedEntry(
            key,
            store.manifest.num_read,
            store.manifest.num_examples,
            sum(file.stat().st_size for file in store.directory.iterdir()),
            store.directory,
        )
        for key, store in stores.by_key.items()
    ]
