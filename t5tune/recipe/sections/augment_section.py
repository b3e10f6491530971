"""The section `data.augment` of a recipe: how training examples are varied."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from t5tune.recipe.sections.section import PositiveInt, Section, WholeNumber

ROUNDS = 4
ROUND_KEYS = ("rounds", "seed", "subword")  # keys that are not kinds of augmentation
LETTER_CASES = ("upper", "title", "lower")  # an example is in one of them

ShareOfExamples = Annotated[float, Field(ge=0.0, le=1.0)]
RateOfErrors = Annotated[float, Field(gt=0.0, lt=1.0)]


def _as_share(value: Any) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return {"share": value} if is_number else value


class Augmentation(Section):
    """A kind of augmentation; a number alone is its share."""

    share: ShareOfExamples = Field(description="Share of the examples, from 0 to 1.")


class CaseAugmentation(Augmentation):
    """Examples in another letter case."""

    sides: Literal["both", "source"] = Field(
        default="both",
        description="source: the target stays as it is, so that what is typed in small letters "
        "gets an ordinary translation.",
    )

    @model_serializer(mode="wrap")
    def _as_written(self, handler: SerializerFunctionWrapHandler) -> Any:
        """Return a share alone for both sides, as in the recipes of earlier versions."""
        return self.share if self.sides == "both" else handler(self)


class NoiseAugmentation(Augmentation):
    """Errors in sources."""

    rate: RateOfErrors | None = Field(
        default=None,
        description="Share of the letters (of the gaps between words for whitespace) that are "
        "wrong in these examples; 0.05 (0.1) if left out.",
    )


class TyposAugmentation(NoiseAugmentation):
    """Errors of typing."""

    keyboard: str | None = Field(
        default=None,
        description="Language whose keyboard decides which keys are neighbours, such as de; "
        "source_lang if left out.",
    )


class NamesAugmentation(Augmentation):
    """Other names."""

    file: str | None = Field(
        default=None,
        description="Text file with a name in each line; if left out, words with a capital that "
        "stand unchanged on both sides.",
    )


class CounterfactualAugmentation(Augmentation):
    """Words that are exchanged with their counterparts."""

    file: str = Field(
        description="TSV file: two words of the source, and two of the target if they are others."
    )


class SubwordSampling(Section):
    """Other pieces of the same words."""

    share: ShareOfExamples = Field(default=1.0, description="Share of the examples.")
    alpha: Annotated[float, Field(gt=0.0, le=1.0)] | None = Field(
        default=None,
        description="Unigram tokenizers: 1 draws by the probability of the pieces, less makes all "
        "of them more alike; 0.2 if left out.",
    )
    dropout: Annotated[float, Field(gt=0.0, lt=1.0)] | None = Field(
        default=None,
        description="BPE tokenizers: probability with which a merge is left out; 0.1 if left out.",
    )
    sides: Literal["both", "source"] = Field(default="both", description="Which texts.")

    @model_validator(mode="after")
    def _one_method(self) -> SubwordSampling:
        if self.alpha is not None and self.dropout is not None:
            raise ValueError(
                "`alpha` is for unigram tokenizers and `dropout` for BPE; a model has one of them"
            )
        return self


def _or_share(section: Any) -> BeforeValidator:
    return BeforeValidator(_as_share, json_schema_input_type=ShareOfExamples | section | None)


OfCase = Annotated[CaseAugmentation | None, _or_share(CaseAugmentation)]
OfNoise = Annotated[NoiseAugmentation | None, _or_share(NoiseAugmentation)]
OfTypos = Annotated[TyposAugmentation | None, _or_share(TyposAugmentation)]
OfNames = Annotated[NamesAugmentation | None, _or_share(NamesAugmentation)]


class AugmentSection(Section):
    """Training examples that are varied, by example and seed, in rounds."""

    rounds: PositiveInt | None = Field(
        default=None,
        description="Number of variants of the training data, which epochs use in turn; "
        f"{ROUNDS} if left out, or the number of epochs if that is less.",
    )
    seed: Annotated[int, Field(ge=0, lt=2**32), WholeNumber] | None = Field(
        default=None, description="Seed of the variants; training.seed if left out."
    )
    upper: OfCase = Field(
        default=None, description="Share of examples in capitals, on both sides or one."
    )
    title: OfCase = Field(
        default=None,
        description="Share of examples with a capital in each word, on both sides or one.",
    )
    lower: OfCase = Field(
        default=None, description="Share of examples in small letters, on both sides or one."
    )
    typos: OfTypos = Field(default=None, description="Share of sources with errors of typing.")
    characters: OfNoise = Field(
        default=None, description="Share of sources with damaged characters."
    )
    punctuation: ShareOfExamples | None = Field(
        default=None,
        description="Share of sources whose punctuation is missing, another or more.",
    )
    whitespace: OfNoise = Field(
        default=None, description="Share of sources with wrong white space."
    )
    numbers: ShareOfExamples | None = Field(
        default=None, description="Share of examples with other numbers, the same on both sides."
    )
    names: OfNames = Field(
        default=None, description="Share of examples with other names, the same on both sides."
    )
    counterfactual: CounterfactualAugmentation | None = Field(
        default=None,
        description="Examples in which words are exchanged with their counterparts, such as he "
        "and she, on both sides.",
    )
    concatenate: ShareOfExamples | None = Field(
        default=None, description="Share of examples that are joined with another one."
    )
    copy_targets: ShareOfExamples | None = Field(
        default=None,
        description="Share of examples whose source is the target: what is in the target language "
        "is to be copied.",
    )
    subword: SubwordSampling | None = Field(
        default=None, description="Words in other pieces than the tokenizer's best ones."
    )

    @property
    def kinds(self) -> dict[str, Augmentation]:
        """Kinds that are asked for, by name, in the order of the keys."""
        given = {name: getattr(self, name) for name in AUGMENTATIONS}
        kinds = {
            name: Augmentation(share=one) if isinstance(one, int | float) else one
            for name, one in given.items()
            if one is not None
        }
        return {name: one for name, one in kinds.items() if one.share > 0}

    @property
    def is_on(self) -> bool:
        """Whether anything is varied."""
        return bool(self.kinds) or (self.subword is not None and self.subword.share > 0)

    @model_validator(mode="after")
    def _names_a_kind(self) -> AugmentSection:
        if all(getattr(self, name) is None for name in (*AUGMENTATIONS, "subword")):
            raise ValueError(
                "no augmentation is named; write one, such as `upper: 0.05`, or leave the section "
                "out"
            )
        return self

    @model_validator(mode="after")
    def _one_letter_case(self) -> AugmentSection:
        shares = [self.kinds[name].share for name in LETTER_CASES if name in self.kinds]
        if sum(shares) > 1:
            raise ValueError(
                "the shares of `upper`, `title` and `lower` are more than 1 together, and an "
                "example is in one of them"
            )
        return self


AUGMENTATIONS = tuple(name for name in AugmentSection.model_fields if name not in ROUND_KEYS)
