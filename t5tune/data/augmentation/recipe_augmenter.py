"""The augmentation that a recipe asks for, built from its section, its files and the data."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from t5tune.data.augmentation.augmentation_kind import Setting
from t5tune.data.augmentation.augmenter import Augmenter, Step
from t5tune.data.augmentation.kinds import KINDS
from t5tune.data.augmentation.word_tables import read_names, read_swaps
from t5tune.data.noise.names import find_names
from t5tune.data.noise.protection import TAGS
from t5tune.data.pairs import Pairs
from t5tune.errors import T5TuneError
from t5tune.files.hashing import hash_file
from t5tune.recipe.sections.augment_section import AugmentSection
from t5tune.recipe.sections.data_section import DataSection

VERSION = 1  # of the noise and its draws; another one makes other training data
_MOST_NAMES = 2000
_FEWEST_EXAMPLES = 2  # with a name; a word that occurs once may be anything


def build_augmenter(
    data: DataSection,
    languages: tuple[str | None, str | None],
    read_pairs: Callable[[], Iterable[Pairs]],
) -> Augmenter:
    """Return the augmenter of a recipe whose seed is known.

    Args:
        data: Data section, with `augment`.
        languages: Source and target language codes of the recipe.
        read_pairs: Function that reads the usable training pairs, from which names are taken where
            the recipe has no file of them.

    Raises:
        T5TuneError: A file cannot be used, or the training data has no names.
    """
    section = data.augment
    assert section is not None  # the caller has looked
    protected = (*_fixed_texts(data), TAGS)
    names = cache(lambda: collect_names(read_pairs()))
    steps = []
    for name, kind in KINDS.items():
        options = section.kinds.get(name)
        if options is not None:
            change = kind.build(Setting(options, languages, protected, names))
            steps.append(Step(name, kind.stage, options.share, change))
    return Augmenter(steps, section.seed or 0)


def identify_augmentation(section: AugmentSection) -> dict[str, Any]:
    """Return what decides the augmentation, beside the data, as JSON values.

    Raises:
        T5TuneError: A file cannot be read.
    """
    kinds: dict[str, Any] = {}
    for name, options in section.kinds.items():
        values = options.model_dump(mode="json")
        kinds[name] = values if isinstance(values, dict) else {"share": values}
        file = kinds[name].pop("file", None)
        if file is not None:
            kinds[name]["content"] = hash_file(Path(file).expanduser())
    subword = section.subword
    return {
        "version": VERSION,
        "rounds": section.rounds,
        "seed": section.seed,
        "kinds": kinds,
        "subword": None if subword is None else subword.model_dump(mode="json"),
    }


def check_augmentation(section: AugmentSection) -> None:
    """Check the files of a section, which takes milliseconds.

    Raises:
        T5TuneError: A file is missing or has another form.
    """
    if section.names is not None and section.names.file is not None:
        read_names(section.names.file)
    if section.counterfactual is not None:
        read_swaps(section.counterfactual.file)


def collect_names(chunks: Iterable[Pairs]) -> list[str]:
    """Return the names that occur in several pairs, those of most pairs first.

    Raises:
        T5TuneError: There are fewer than two.
    """
    counts: Counter[str] = Counter()
    for pairs in chunks:
        for pair in zip(*pairs, strict=True):
            counts.update(find_names(pair))
    found = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    names = [name for name, number in found if number >= _FEWEST_EXAMPLES]
    if len(names) < 2:
        raise T5TuneError(
            "data.augment.names: fewer than two words with a capital stand unchanged on both sides "
            "of several training examples.",
            next_command="write names into a file, one in a line, and give it as "
            "data.augment.names.file",
        )
    return names[:_MOST_NAMES]


def _fixed_texts(data: DataSection) -> list[str]:
    """Return expressions for the fixed words of templates, such as `question:`."""
    templates = [
        template
        for entry in data.training_entries.values()
        for template in (entry.source or data.source, entry.target or data.target)
    ]
    pieces = (
        piece.strip()
        for template in templates
        if template is not None and "{" in template
        for piece, *_ in string.Formatter().parse(template)
    )
    return [re.escape(piece) for piece in pieces if any(map(str.isalpha, piece))]
