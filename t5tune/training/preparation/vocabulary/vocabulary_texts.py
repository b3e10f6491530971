"""The texts that a vocabulary is learned from: training data, as it is or as it is augmented."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from t5tune.data.augmentation.augmenter import Augmenter
from t5tune.data.augmentation.recipe_augmenter import build_augmenter, identify_augmentation
from t5tune.data.pairs import Pairs, number_pairs
from t5tune.data.store.store_building import SIDES
from t5tune.data.training_text import TrainingText
from t5tune.recipe.schema import Recipe
from t5tune.recipe.sections.data_section import DataSection
from t5tune.training.preparation.texts import Texts

_DOING = "learning a vocabulary from"


class VocabularyTexts:
    """Sources and targets that a vocabulary is learned from.

    Args:
        recipe: Recipe as written.
        texts: Texts of the run.

    Raises:
        T5TuneError: A file of the augmentation cannot be read.
    """

    def __init__(self, recipe: Recipe, texts: Texts) -> None:
        self._texts = texts
        self._data = _settle(recipe)
        augment = self._data.augment if self._data is not None else None
        #: What decides the texts beside the training data, as JSON values.
        self.identity: list[Any] = []
        if augment is not None:
            self.identity = [identify_augmentation(augment), list(texts.languages)]

    def open(self) -> list[Iterable[str]]:
        """Return sources and targets, which can be read several times.

        Raises:
            T5TuneError: The training data cannot be read, or has no names to be exchanged.
        """
        training = self._texts.training
        if self._data is None:
            return [training.side(side, _DOING) for side in SIDES]

        def read_pairs() -> Iterable[Pairs]:
            return training.usable_chunks("looking for names in")

        augmenter = build_augmenter(self._data, self._texts.languages, read_pairs)
        # Entries that share a text have it once; each is numbered by itself, as its tokens are.
        entries = list({id(one.text): one.text for one in self._texts.entries.values()}.values())
        return [_AugmentedSide(entries, augmenter, number) for number in range(len(SIDES))]


def _settle(recipe: Recipe) -> DataSection | None:
    """Return the data section with what is varied in the first round; None for texts as they are.

    Other pieces of words come from a vocabulary, so that they do not decide it.
    """
    scratch, augment = recipe.model.from_scratch, recipe.data.augment
    if scratch is None or not scratch.tokenizer.augmented or augment is None:
        return None
    seed = recipe.training.seed if augment.seed is None else augment.seed
    first = augment.model_copy(update={"rounds": None, "seed": seed, "subword": None})
    return recipe.data.model_copy(update={"augment": first})


class _AugmentedSide:
    def __init__(self, texts: Sequence[TrainingText], augmenter: Augmenter, side: int) -> None:
        self._texts, self._augmenter, self._side = texts, augmenter, side

    def __iter__(self) -> Iterator[str]:
        for text in self._texts:
            for chunk in number_pairs(text.usable_chunks(_DOING)):
                for one in self._augmenter.change_all(chunk, round_=0):
                    yield one.pair[self._side]
