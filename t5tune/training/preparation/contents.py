"""A look at all local data of a recipe, so that training does not find what is wrong with it.

It reads the splits as training does, and imports no model library. What needs the network, a model
or its tokenizer is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from t5tune.data.pairs import is_usable, refuse_blank
from t5tune.data.readers.local_files import place_files
from t5tune.data.readers.open_splits import Example, describe_place
from t5tune.data.readers.sources import HeldEntries, open_split
from t5tune.data.store.stored_cuts import StoredCuts
from t5tune.errors import T5TuneError
from t5tune.models.vocabulary_sizes import check_vocabulary_size
from t5tune.recipe.places import CutSplit
from t5tune.recipe.schema import Recipe
from t5tune.recipe.sections.data_entry import DataEntry
from t5tune.recipe.sections.data_section import DataSection
from t5tune.recipe.sections.from_scratch_section import SUBWORDS

AT_ONCE = 20_000_000  # bytes of files that are read in about a second


def measure_files(recipe: Recipe) -> int:
    """Return the number of bytes of the local files that `check_contents` reads."""
    paths = chain.from_iterable(
        place_files(entry.place, f"data.{key}")
        for key, entry in _read_entries(_choose_data(recipe))
    )
    return sum(map(_measure, dict.fromkeys(paths)))


def _measure(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def _choose_data(recipe: Recipe) -> DataSection:
    """Return the data without splits that are cut from what is not read here."""
    data = recipe.data
    origins = data.training_entries.values()
    if not data.is_streamed and all(origin.place.file_keys for origin in origins):
        return data
    return data.model_copy(update=dict.fromkeys(data.cuts))


def _read_entries(data: DataSection) -> Iterator[tuple[str, DataEntry]]:
    """Yield the entries whose examples can be read without the network and within reason."""
    for key, entry in data.entries.items():
        is_local = bool(entry.place.file_keys) and not entry.streaming
        if is_local or isinstance(entry.place, CutSplit):
            yield key, entry


def check_contents(recipe: Recipe) -> None:
    """Refuse data that training would refuse after a while.

    Rows are read once. Examples that splits are cut from stay in memory until all is checked.

    Raises:
        T5TuneError: A row or a file cannot be read, a split has nothing to use or cannot be cut, or
            the text has more characters than its vocabulary has room for.
    """
    data, languages = _choose_data(recipe), (recipe.source_lang, recipe.target_lang)
    cuts, held = StoredCuts(data, *languages), HeldEntries()
    for key, entry in _read_entries(data):
        split = open_split(data, key, *languages, cuts, held)
        examples = (example for chunk in split.chunks() for example in chunk)
        if key in data.training_entries:
            _check_training(recipe, key, examples)
        elif not sum(bool(example.source.strip()) for example in examples):  # which reads them all
            raise T5TuneError(
                f"data.{key}: every source in {describe_place(entry.place)} is blank.",
                next_command=f"correct `source:` under data.{key} in the recipe",
            )


def _check_training(recipe: Recipe, key: str, examples: Iterator[Example]) -> None:
    usable = [
        (one.source, one.references[0])
        for one in examples
        if is_usable(one.source, one.references[0])
    ]
    if not usable:
        raise refuse_blank()
    scratch, data = recipe.model.from_scratch, recipe.data
    if scratch is None or scratch.tokenizer.type not in SUBWORDS or data.mixture:
        return
    # What cleaning, normalization and augmentation make of the characters is not known here.
    is_cleaned = data.cleaning_of(key) is not None or data.normalization is not None
    if is_cleaned or scratch.tokenizer.augmented:
        return
    sides = zip(*usable, strict=True)
    vocabularies = sides if scratch.tokenizer.separate_vocabs else [chain.from_iterable(sides)]
    for texts in vocabularies:
        check_vocabulary_size(texts, scratch.tokenizer.vocab_size)
