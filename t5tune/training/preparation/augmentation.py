"""The rounds of augmented training data that a resolved recipe asks for."""

from __future__ import annotations

from collections.abc import Iterable

from transformers import PreTrainedTokenizerBase

from t5tune.data.augmentation.recipe_augmenter import (
    VERSION,
    build_augmenter,
    identify_augmentation,
)
from t5tune.data.augmentation.rounds import NO_AUGMENTATION, Rounds, SubwordDraw
from t5tune.data.denoising.denoiser import Denoiser
from t5tune.data.pairs import Pairs
from t5tune.data.subwords.sampler import build_samplers
from t5tune.models.input_settings import CHUNK
from t5tune.recipe.resolved_recipe import ResolvedData
from t5tune.training.preparation.texts import Texts


def build_rounds(texts: Texts, tokenizer: PreTrainedTokenizerBase, data: ResolvedData) -> Rounds:
    """Return the variants of the training data; one that is the data itself without augmentation.

    Raises:
        T5TuneError: A file cannot be used, the training data has no names, or the tokenizer cannot
            sample or has no tokens for what is left out of plain text.
    """
    if data.denoise is not None:
        divides = data.long_sources == CHUNK
        values = data.denoise.model_dump(mode="json")
        identity = {"version": VERSION, "denoise": values, "divides": divides}
        denoiser = Denoiser(tokenizer, data.denoise, divides=divides)
        return Rounds(data.denoise.rounds or 1, identity, denoiser=denoiser)
    section = data.augment
    if section is None or not section.is_on:
        return NO_AUGMENTATION

    def read_pairs() -> Iterable[Pairs]:
        return texts.training.usable_chunks("looking for names in")

    augmenter = build_augmenter(data, texts.languages, read_pairs)
    subwords = None
    if section.subword is not None and section.subword.share > 0:
        samplers = build_samplers(tokenizer, section.subword)
        subwords = SubwordDraw(samplers, section.subword.share, section.seed or 0)
    return Rounds(section.rounds or 1, identify_augmentation(section), augmenter, subwords)
