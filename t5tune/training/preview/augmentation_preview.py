"""What augmentation, or leaving out words of plain text, makes of training examples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from random import Random
from typing import Any

from transformers import PreTrainedTokenizerBase

from t5tune.data.augmentation.augmentation_kind import TextPair
from t5tune.data.augmentation.augmenter import draw_bits
from t5tune.data.augmentation.kinds import KINDS
from t5tune.data.augmentation.recipe_augmenter import build_augmenter
from t5tune.data.augmentation.rounds import SUBWORD
from t5tune.data.denoising.denoiser import Denoiser
from t5tune.data.overview.data_overview import AugmentationPreview, Change, KindPreview
from t5tune.data.pair_encoding import PairEncoder
from t5tune.data.pairs import NUM_FOLLOWING, NumberedPairs, Pairs
from t5tune.data.side_encoding import choose_side, encode_side
from t5tune.data.subwords.sampler import build_samplers
from t5tune.data.token_sequences import TokenSequences
from t5tune.recipe.resolved_recipe import ResolvedData
from t5tune.recipe.sections.augment_section import AugmentSection
from t5tune.recipe.sections.denoise_section import DenoiseSection
from t5tune.training.preparation.texts import Texts

LOOKED_AT = 20_000  # first examples, whose augmentation is counted
NUM_EXAMPLES = 3


def preview_augmentation(
    data: ResolvedData, texts: Texts, tokenizer: PreTrainedTokenizerBase
) -> AugmentationPreview | None:
    """Augment the beginning of the training data; None if examples stay as they are.

    Args:
        data: Data section of the resolved recipe.
        texts: Texts of the recipe.
        tokenizer: Tokenizer of the model.

    Raises:
        T5TuneError: The augmentation is not possible.
    """
    section = data.augment
    if data.denoise is not None:
        first = _read_first(texts, NUM_EXAMPLES)
        kinds = [_preview_denoising(data, data.denoise, tokenizer, first)]
        return AugmentationPreview(data.denoise.rounds, data.denoise.seed or 0, 0, kinds)
    if section is None or not section.is_on:
        return None
    first = _read_first(texts, LOOKED_AT)
    kinds = _preview_kinds(data, texts, first)
    if section.subword is not None and section.subword.share > 0:
        kinds.append(_preview_subwords(section, tokenizer, first))
    return AugmentationPreview(section.rounds, section.seed or 0, len(first), kinds)


def _read_first(texts: Texts, num: int) -> list[TextPair]:
    chunks = texts.training.usable_chunks("reading")
    return list(
        islice((TextPair(*pair) for chunk in chunks for pair in zip(*chunk, strict=True)), num)
    )


def _preview_kinds(
    data: ResolvedData, texts: Texts, first: Sequence[TextPair]
) -> list[KindPreview]:
    def read_pairs() -> Iterator[Pairs]:
        return texts.training.usable_chunks("looking for names in")

    augmenter = build_augmenter(data, texts.languages, read_pairs)
    options = data.augment.kinds if data.augment is not None else {}
    shares = {step.name: step.share for step in augmenter.steps}
    found: dict[str, list[Change]] = {name: [] for name in shares}
    for i, pair in enumerate(first):
        changed = augmenter.change(pair, 0, i, first[i + 1 : i + 1 + NUM_FOLLOWING])
        for name in changed.kinds:
            found[name].append(Change(len(changed.kinds), pair, changed.pair))
    return [
        KindPreview(
            name,
            getattr(options[name], "sides", KINDS[name].sides),
            shares[name],
            len(changes),
            # Those that no other kind has changed as well, if there are any.
            sorted(changes, key=lambda change: change.num_kinds > 1)[:NUM_EXAMPLES],
        )
        for name, changes in found.items()
    ]


def _preview_subwords(
    section: AugmentSection, tokenizer: PreTrainedTokenizerBase, first: Sequence[TextPair]
) -> KindPreview:
    """Show the pieces of the first examples, before and after a draw."""
    assert section.subword is not None  # the caller has looked
    samplers = build_samplers(tokenizer, section.subword)
    examples = []
    for i, pair in enumerate(first[:NUM_EXAMPLES]):
        draw = Random(draw_bits(section.seed or 0, 0, i, SUBWORD))
        before, after = [], []
        for as_target, text, sampler in zip((False, True), pair, samplers, strict=True):
            (ids,) = encode_side([text], tokenizer, as_target=as_target)
            new = ids if sampler is None else sampler.resample(ids, draw)
            side = choose_side(tokenizer, as_target=as_target)
            before.append(" ".join(side.convert_ids_to_tokens(ids)))
            after.append(" ".join(side.convert_ids_to_tokens(new)))
        examples.append(Change(1, TextPair(*before), TextPair(*after)))
    return KindPreview(SUBWORD, section.subword.sides, section.subword.share, None, examples)


def _preview_denoising(
    data: ResolvedData,
    section: DenoiseSection,
    tokenizer: PreTrainedTokenizerBase,
    first: Sequence[TextPair],
) -> KindPreview:
    """Show the pieces of the first texts, and what becomes of them."""
    denoiser = Denoiser(tokenizer, section)
    prefix = next(iter(data.training_entries.values())).prefix or ""
    encoder = PairEncoder(tokenizer, prefix, data.max_source_length, data.max_target_length)
    pairs = Pairs(*([pair.source for pair in first] for _ in range(2)))
    sides = denoiser.encode(encoder, NumberedPairs(0, pairs), 0)
    denoised = [TokenSequences.from_arrays(side.lengths, side.ids) for side in sides]

    def show(of_both: Sequence[Any], i: int) -> TextPair:
        source, target = (" ".join(tokenizer.convert_ids_to_tokens(side[i])) for side in of_both)
        return TextPair(source, target)

    whole = encoder.tokenize(pairs)
    examples = [Change(1, show(whole, i), show(denoised, i)) for i in range(len(pairs.sources))]
    return KindPreview(denoiser.objective, "both", 1.0, None, examples)
