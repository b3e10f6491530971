"""What training would see: the splits of a recipe, and examples of its augmentation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from random import Random
from typing import Any, NamedTuple

from transformers import PreTrainedTokenizerBase

from t5tune.data.augmentation.augmentation_kind import TextPair
from t5tune.data.augmentation.augmenter import draw_bits
from t5tune.data.augmentation.kinds import KINDS
from t5tune.data.augmentation.recipe_augmenter import build_augmenter
from t5tune.data.augmentation.rounds import SUBWORD
from t5tune.data.cleaning.cleaning_report import CleaningReport
from t5tune.data.denoising.denoiser import Denoiser
from t5tune.data.pair_encoding import PairEncoder
from t5tune.data.pairs import NUM_FOLLOWING, Cleaning, NumberedPairs, Pairs
from t5tune.data.readers.hub_commits import pin_commits
from t5tune.data.readers.open_splits import describe_place
from t5tune.data.side_encoding import choose_side, encode_side
from t5tune.data.subwords.sampler import build_samplers
from t5tune.data.token_sequences import TokenSequences
from t5tune.models.loading import load_tokenizer
from t5tune.recipe.resolve import choose_rounds
from t5tune.recipe.schema import Recipe
from t5tune.recipe.sections.from_scratch_section import FromScratchSection
from t5tune.training.preparation.added_vocabulary import extend_tokenizer
from t5tune.training.preparation.denoising_objective import choose_objective
from t5tune.training.preparation.texts import Texts, open_texts
from t5tune.training.preparation.vocabulary import find_or_build_tokenizer

LOOKED_AT = 20_000  # first examples, whose augmentation is counted
NUM_EXAMPLES = 3


@dataclass(frozen=True)
class SplitPreview:
    """A split.

    Attributes:
        name: Its key in the recipe.
        place: Where its examples come from.
        num_examples: Number of them; None if they are streamed.
        num_blank: Number of training examples that are left out, because a side is blank.
    """

    name: str
    place: str
    num_examples: int | None
    num_blank: int = 0


class Change(NamedTuple):
    """An example before and after.

    Attributes:
        num_kinds: Number of kinds that have changed it.
        before: The example in the data.
        after: What training sees.
    """

    num_kinds: int
    before: TextPair
    after: TextPair


@dataclass(frozen=True)
class KindPreview:
    """A kind of augmentation.

    Attributes:
        name: Its key in the recipe.
        sides: Texts that it changes.
        asked: Share of the examples that the recipe asks for.
        num_changed: Number of examples that it changes, of those that were looked at; None for
            subwords, which are drawn when texts are tokenized.
        examples: Some of them.
    """

    name: str
    sides: str
    asked: float
    num_changed: int | None
    examples: Sequence[Change]


@dataclass(frozen=True)
class DataPreview:
    """What training would see.

    Attributes:
        splits: Splits of the recipe.
        rounds: Number of variants of the training data; None if they are streamed.
        seed: Seed of the augmentation.
        looked_at: Number of examples whose augmentation was counted, in the first round.
        kinds: Kinds of augmentation in the order in which they are applied.
        cleaning: What the rules of the recipe leave out of each training entry, or of the
            beginning of a stream; empty without rules.
    """

    splits: Sequence[SplitPreview]
    rounds: int | None
    seed: int
    looked_at: int
    kinds: Sequence[KindPreview]
    cleaning: Mapping[str, CleaningReport] = field(default_factory=dict)


def preview_data(recipe: Recipe) -> DataPreview:
    """Read the splits of a recipe, and augment the beginning of the training data.

    Raises:
        T5TuneError: A split cannot be read, or the augmentation is not possible.
    """
    pinned = recipe.model_copy(update={"data": pin_commits(recipe.data, {})})
    pinned = choose_objective(pinned)
    texts = open_texts(pinned.data, recipe.source_lang, recipe.target_lang)
    augment = recipe.data.augment
    seed = recipe.training.seed
    if augment is not None and augment.seed is not None:
        seed = augment.seed
    cleaning = texts.training.start_cleaning()
    first = list(islice(_clean_pairs(texts, cleaning, "reading"), LOOKED_AT))
    splits = _describe_splits(pinned, texts)
    found = {"train": cleaning.report}
    if not pinned.data.is_streamed:
        found = {key: one.text.start_cleaning().report for key, one in texts.entries.items()}
    reports = {key: report for key, report in found.items() if report is not None}
    if pinned.data.denoise is not None:
        preview = _preview_denoising(pinned, texts, first, splits)
        return replace(preview, cleaning=reports)
    if augment is None or not augment.is_on:
        return DataPreview(splits, 1, seed, 0, (), reports)
    section = augment.model_copy(update={"seed": seed})
    data = pinned.data.model_copy(update={"augment": section})
    seeded = recipe.model_copy(update={"data": data})
    kinds = _preview_kinds(seeded, texts, first)
    if section.subword is not None and section.subword.share > 0:
        kinds.append(_preview_subwords(seeded, texts, first))
    rounds = None if pinned.data.is_streamed else choose_rounds(recipe)
    return DataPreview(splits, rounds, seed, len(first), kinds, reports)


def _clean_pairs(texts: Texts, cleaning: Cleaning, doing: str) -> Iterator[TextPair]:
    for chunk in cleaning.clean(texts.training.chunks(doing)):
        yield from map(TextPair, *chunk)


def _describe_splits(recipe: Recipe, texts: Texts) -> list[SplitPreview]:
    entries = recipe.data.entries
    num_examples, num_blank = dict[str, int](), dict[str, int]()
    for name, one in texts.entries.items() if not recipe.data.is_streamed else ():
        cleaning = one.text.start_cleaning()
        num_examples[name] = sum(
            len(pairs.sources) for pairs in cleaning.clean(one.text.chunks("counting"))
        )
        num_blank[name] = cleaning.num_blank
    counts = texts.count_examples(num_examples)
    return [
        SplitPreview(name, describe_place(entry.place), counts.get(name), num_blank.get(name, 0))
        for name, entry in entries.items()
    ]


def _preview_kinds(recipe: Recipe, texts: Texts, first: Sequence[TextPair]) -> list[KindPreview]:
    languages = recipe.source_lang, recipe.target_lang

    def read_pairs() -> Iterator[Pairs]:
        return texts.training.usable_chunks("looking for names in")

    augmenter = build_augmenter(recipe.data, languages, read_pairs)
    shares = {step.name: step.share for step in augmenter.steps}
    found: dict[str, list[Change]] = {name: [] for name in shares}
    for i, pair in enumerate(first):
        changed = augmenter.change(pair, 0, i, first[i + 1 : i + 1 + NUM_FOLLOWING])
        for name in changed.kinds:
            found[name].append(Change(len(changed.kinds), pair, changed.pair))
    return [
        KindPreview(
            name,
            KINDS[name].sides,
            shares[name],
            len(changes),
            # Those that no other kind has changed as well, if there are any.
            sorted(changes, key=lambda change: change.num_kinds > 1)[:NUM_EXAMPLES],
        )
        for name, changes in found.items()
    ]


def _preview_subwords(recipe: Recipe, texts: Texts, first: Sequence[TextPair]) -> KindPreview:
    """Show the pieces of the first examples, before and after a draw."""
    section = recipe.data.augment
    assert section is not None  # the caller has looked
    assert section.subword is not None
    tokenizer = _find_tokenizer(recipe, texts)
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
    recipe: Recipe, texts: Texts, first: Sequence[TextPair], splits: Sequence[SplitPreview]
) -> DataPreview:
    """Show the pieces of the first texts, and what becomes of them."""
    data, section = recipe.data, recipe.data.denoise
    assert section is not None  # the caller has looked
    seed = recipe.training.seed if section.seed is None else section.seed
    tokenizer = _find_tokenizer(recipe, texts)
    denoiser = Denoiser(tokenizer, section.model_copy(update={"seed": seed}))
    first_entry = next(iter(data.training_entries.values()))
    prefix = first_entry.prefix or data.prefix or ""
    encoder = PairEncoder(tokenizer, prefix, data.max_source_length, data.max_target_length)
    pairs = Pairs(*([pair.source for pair in first[:NUM_EXAMPLES]] for _ in range(2)))
    sides = denoiser.encode(encoder, NumberedPairs(0, pairs), 0)
    denoised = [TokenSequences.from_arrays(side.lengths, side.ids) for side in sides]

    def show(of_both: Sequence[Any], i: int) -> TextPair:
        source, target = (" ".join(tokenizer.convert_ids_to_tokens(side[i])) for side in of_both)
        return TextPair(source, target)

    whole = encoder.tokenize(pairs)
    examples = [Change(1, show(whole, i), show(denoised, i)) for i in range(len(pairs.sources))]
    kind = KindPreview(denoiser.objective, "both", 1.0, None, examples)
    rounds = None if data.is_streamed else choose_rounds(recipe)
    return DataPreview(splits, rounds, seed, 0, [kind])


def _find_tokenizer(recipe: Recipe, texts: Texts) -> PreTrainedTokenizerBase:
    origin = recipe.model.origin
    if isinstance(origin, FromScratchSection):
        return find_or_build_tokenizer(origin.tokenizer, texts, None)
    tokenizer = load_tokenizer(origin.name, revision=origin.revision)
    return extend_tokenizer(tokenizer, recipe.model, recipe.source_lang)
