"""The recipe: what a user may write, what each key means and which value it has by default.

Validation is pure: nothing here opens a file, reads the environment or imports torch.
Keys that are forwarded to Hugging Face keep Hugging Face's spelling.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from t5tune.recipe.sections.cleaning_section import OF_LANGUAGES, fit_standard
from t5tune.recipe.sections.data_section import DataSection
from t5tune.recipe.sections.denoise_section import refuse_pairs
from t5tune.recipe.sections.evaluation_section import EvaluationSection
from t5tune.recipe.sections.expected_section import ExpectedSection
from t5tune.recipe.sections.model_section import ModelSection
from t5tune.recipe.sections.scratch_refusals import refuse_for_scratch
from t5tune.recipe.sections.section import Count, PositiveInt, Section
from t5tune.recipe.sections.training_section import TrainingSection
from t5tune.scoring.languages import short_code
from t5tune.scoring.registry import is_evaluate_metric
from t5tune.scoring.score import ScoringOptions

TaskName = Literal["translation", "summarization", "text2text", "denoise"]
ExportName = Literal[
    "none",
    "ctranslate2-int8",
    "ctranslate2-int8_float16",
    "ctranslate2-int8_bfloat16",
    "ctranslate2-float16",
    "ctranslate2-bfloat16",
    "ctranslate2-float32",
]


class DecodingSection(Section):
    """How hypotheses are generated. Names as in `transformers.GenerationConfig`."""

    num_beams: PositiveInt = Field(default=4, description="Beam size; 1 is greedy search.")
    length_penalty: float = Field(default=1.0, description="Above 1 favours longer hypotheses.")
    no_repeat_ngram_size: Count = Field(
        default=0, description="Repeat no n-gram of this many tokens; 0 allows it."
    )
    max_new_tokens: PositiveInt | None = Field(
        default=None,
        description="Length limit in tokens; follows from the validation references if left out.",
    )
    tokens_per_batch: PositiveInt = Field(
        default=4096, description="Source tokens times beams of one batch, padding counted."
    )


class Recipe(Section):
    """Everything that one run needs: `t5tune train RECIPE` turns it into a run directory."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)] = Field(
        description="Name of the run directory: letters, digits, dot, dash and underscore."
    )
    task: TaskName = Field(description="Chooses the default metrics and the prefix.")
    source_lang: str | None = Field(default=None, description="Language code, such as en.")
    target_lang: str | None = Field(default=None, description="Language code, such as de.")
    model: ModelSection
    data: DataSection
    training: TrainingSection = Field(default_factory=TrainingSection)
    decoding: DecodingSection = Field(default_factory=DecodingSection)
    evaluation: EvaluationSection = Field(default_factory=EvaluationSection)
    export: ExportName = Field(
        default="ctranslate2-int8",
        description="Format to export the model to, for faster translation; or none.",
    )
    expected: ExpectedSection | None = Field(
        default=None, description="Scores that were measured over seeds; training ignores them."
    )

    @model_validator(mode="before")
    @classmethod
    def _plain_text_becomes_examples(cls, value: Any) -> Any:
        """Add the section that says how, with its defaults."""
        data = value.get("data") if isinstance(value, dict) else None
        if isinstance(data, dict) and value.get("task") == "denoise" and not data.get("denoise"):
            return {**value, "data": {**data, "denoise": {}}}
        return value

    @model_validator(mode="before")
    @classmethod
    def _standard_rules_fit_the_task(cls, value: Any) -> Any:
        """Replace `standard` in `data.cleaning`, and in that of entries, by rules for the task."""
        data = value.get("data") if isinstance(value, dict) else None
        if not isinstance(data, dict):
            return value

        def fit(section: Any) -> Any:
            if not isinstance(section, dict) or "cleaning" not in section:
                return section
            return {**section, "cleaning": fit_standard(section["cleaning"], value.get("task"))}

        fitted = fit(data)
        if isinstance(data.get("train"), list):
            fitted = {**fitted, "train": [fit(entry) for entry in data["train"]]}
        return {**value, "data": fitted}

    @model_validator(mode="after")
    def _plain_text_is_alone(self) -> Recipe:
        if self.task != "denoise":
            if self.data.denoise is not None:
                raise ValueError("`data.denoise` requires `task: denoise`")
            return self
        refuse_pairs(self.data)
        for key in ("stress", "generalization"):
            if getattr(self.evaluation, key):
                raise ValueError(f"`evaluation.{key}` and `task: denoise` exclude each other")
        return self

    @model_validator(mode="after")
    def _translation_names_languages(self) -> Recipe:
        if self.task == "translation" and not (self.source_lang and self.target_lang):
            raise ValueError("a translation needs `source_lang` and `target_lang`")
        return self

    @model_validator(mode="after")
    def _texts_have_languages(self) -> Recipe:
        given = list(filter(None, (self.source_lang, self.target_lang)))
        for key in self.data.training_entries:
            section = self.data.cleaning_of(key)
            languages = self.data.languages_of(key, (self.source_lang, self.target_lang))
            for name in section.rules if section is not None and not any(languages) else ():
                if name in OF_LANGUAGES:
                    raise ValueError(
                        f"`{self.data.cleaning_key(key)}.{name}` needs `source_lang` and "
                        "`target_lang`, or one of them"
                    )
        needs_romanian = bool(given) and "romanian" in (self.data.normalization or ())
        if needs_romanian and "ro" not in map(short_code, given):
            raise ValueError(
                "`data.normalization` has romanian, and neither `source_lang` nor `target_lang` is "
                "ro"
            )
        return self

    @model_validator(mode="after")
    def _new_language_is_translated(self) -> Recipe:
        language = self.model.new_language
        if language is not None and language.code not in (self.source_lang, self.target_lang):
            raise ValueError(
                f"`model.new_language.code` {language.code} is neither `source_lang` nor "
                "`target_lang`"
            )
        return self

    @model_validator(mode="after")
    def _weights_can_be_gone_back_to(self) -> Recipe:
        if self.training.regularization.l2_sp is not None and self.model.is_from_scratch:
            raise ValueError(
                "`training.regularization.l2_sp` draws weights towards the pretrained ones, and "
                "`model.from_scratch` has none; `training.weight_decay` draws them towards zero"
            )
        return self

    @model_validator(mode="after")
    def _sharding_trains_all_weights(self) -> Recipe:
        key = "adapter" if self.model.adapter is not None else "freeze"
        if self.training.sharding != "none" and (self.model.adapter or self.model.freeze):
            raise ValueError(
                f"`model.{key}` and `training.sharding` exclude each other: the weights that are "
                "not trained would be sharded like those that are, which is not tested; without "
                "sharding they need neither gradients nor an optimizer's state"
            )
        return self

    @model_validator(mode="after")
    def _streaming_fits(self) -> Recipe:
        if not self.data.is_streamed:
            return self
        if self.training.max_steps is None:
            raise ValueError(
                "`streaming` on data.train needs `training.max_steps`: how many steps an epoch has "
                "is not known before its end"
            )
        if self.training.packing:
            raise ValueError(
                "`streaming` on data.train and `training.packing` exclude each other: the length "
                "of packed rows follows from all examples"
            )
        scratch = self.model.from_scratch
        if scratch is not None and scratch.tokenizer.type not in ("bytes", "existing"):
            raise ValueError(
                "`streaming` on data.train needs a tokenizer of type bytes or existing: the "
                "others are learned from all training text"
            )
        if self.evaluation.generalization:
            raise ValueError(
                "`streaming` on data.train and `evaluation.generalization` exclude each other: "
                "what is new in an example is known only after all training data is read"
            )
        return self

    @model_validator(mode="after")
    def _mixture_changes_in_the_run(self) -> Recipe:
        *_, last = self.data.changes
        if last and self.training.max_steps is None:
            raise ValueError(
                "`from_step` and `until_step` of data.train need `training.max_steps`: how many "
                "steps an epoch has depends on the entries that it uses"
            )
        for number, entry in enumerate(self.data.mixture):
            if self.training.max_steps is not None and entry.begin >= self.training.max_steps:
                raise ValueError(
                    f"`data.train[{number}].from_step` is {entry.begin}, and the run ends at "
                    f"`training.max_steps` {self.training.max_steps}"
                )
        return self

    @model_validator(mode="after")
    def _directions_are_told_apart(self) -> Recipe:
        languages = self.source_lang, self.target_lang
        data = self.data.with_both_directions(languages)
        directions = data.find_directions(languages)
        if len(directions) > 1:
            if any(None in one for one in directions):
                raise ValueError(
                    "several directions need `source_lang` and `target_lang`, those of the recipe "
                    "or of each entry of `train`"
                )
            if languages not in directions:
                raise ValueError(
                    "`source_lang` and `target_lang` of the recipe are those of validation and "
                    "test, and no entry of `train` has this direction"
                )
            if data.cuts:
                raise ValueError(
                    "`from: train` cuts one direction; with several, name other files for "
                    "validation and test"
                )
            if data.prefix and any(entry.prefix is None for entry in self.data.mixture):
                raise ValueError(
                    "`data.prefix` is the same for all directions; give each entry of `train` its "
                    "own `prefix`, or leave it out"
                )
        for split in ("validation", "test"):
            keys = [key for key in data.entries if key.startswith(f"{split}[")]
            for number, key in enumerate(keys):
                own = data.languages_of(key, languages)
                if own not in directions:
                    raise ValueError(
                        f"`data.{key}`: no entry of `train` is from {own[0]} to {own[1]}"
                    )
                if not number and own != languages:
                    raise ValueError(
                        f"`data.{key}`: the first entry has the recipe's own `source_lang` and "
                        "`target_lang`"
                    )
        return self if data is self.data else self.model_copy(update={"data": data})

    @model_validator(mode="after")
    def _has_a_base_to_keep(self) -> Recipe:
        if self.evaluation.keep and self.model.is_from_scratch:
            raise ValueError(
                "`evaluation.keep` compares with the base model, and a model from scratch has none"
            )
        return self

    @model_validator(mode="after")
    def _model_from_scratch_can_do_it(self) -> Recipe:
        """Refuse what needs other positions, pieces, layers or dropout than it will have."""
        if self.model.from_scratch is not None:
            refuse_for_scratch(self, self.model.from_scratch)
        return self

    @model_validator(mode="after")
    def _separate_vocabularies_fit(self) -> Recipe:
        scratch = self.model.from_scratch
        if scratch is None or not scratch.tokenizer.separate_vocabs:
            return self
        other = ""
        if self.task == "denoise":
            other = "`task: denoise`: sources and targets are parts of the same text"
        elif len(self.data.find_directions((self.source_lang, self.target_lang))) > 1:
            other = "several directions: each side is in several languages"
        if other:
            key = "`model.from_scratch.tokenizer.separate_vocabs`"
            raise ValueError(f"{key} excludes {other}, for which one vocabulary is learned")
        return self

    @property
    def runs_code(self) -> bool:
        """Whether it needs Python code of others, which only the command line can allow."""
        metrics = self.evaluation.metrics or ()
        return self.model.trust_remote_code or any(map(is_evaluate_metric, metrics))

    @property
    def scoring_options(self) -> ScoringOptions:
        """Options of the metrics; no recipe can allow code of others."""
        section = self.evaluation
        return ScoringOptions(
            section.tokenize, section.lowercase, self.target_lang, section.normalize
        )
