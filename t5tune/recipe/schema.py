"""The recipe: what a user may write, what each key means and which value it has by default.

Validation is pure: nothing here opens a file, reads the environment or imports torch.
Keys that are forwarded to Hugging Face keep Hugging Face's spelling.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, create_model, field_validator, model_validator

from t5tune.files.formats import FORMATS
from t5tune.recipe.model_section import ModelSection
from t5tune.recipe.places import PLACES, SHARED_KEYS, CutSplit, FileNames, Place
from t5tune.recipe.section import MOST, Count, PositiveInt, Section
from t5tune.recipe.training_section import TrainingSection
from t5tune.scoring.registry import EVALUATE_PATTERN, METRICS, is_metric_name, ranks_models
from t5tune.scoring.score import Normalization, ScoringOptions

TaskName = Literal["translation", "summarization", "text2text"]
if TYPE_CHECKING:
    OwnMetricName = str
    BestMetricName = str
    FormatName = str
else:  # no type checker can read a table
    OwnMetricName = Literal[tuple(METRICS)]
    BestMetricName = Literal[tuple(filter(ranks_models, METRICS))]
    FormatName = Literal[tuple(FORMATS)]
# Only the form of the name is checked; whether the metric exists shows when it is loaded.
MetricName = (
    OwnMetricName | Annotated[str, Field(pattern=EVALUATE_PATTERN, examples=["evaluate:NAME"])]
)
ExportName = Literal[
    "none",
    "ctranslate2-int8",
    "ctranslate2-int8_bfloat16",
    "ctranslate2-float16",
    "ctranslate2-bfloat16",
    "ctranslate2-float32",
]


def _check_origin(value: Any) -> Any:
    if value is None or value == "train":
        return value
    raise ValueError(
        f"only train can be cut, and {value!r} is another split; write `from: train`"
        if isinstance(value, str)
        else "write `from: train`; other splits are never cut"
    )


def _check_size(value: Any) -> Any:
    is_share = isinstance(value, str) and re.fullmatch(r"\d+(\.\d+)? ?%", value)
    if is_share and not 0 < float(value.rstrip("% ")) < 100:
        raise ValueError(f"a share is more than 0% and less than 100%, and this is {value}")
    number = int(value) if isinstance(value, float) and value.is_integer() else value
    is_number = isinstance(number, int) and not isinstance(number, bool) and 1 <= number <= MOST
    if value is None or is_share or is_number:
        return number
    raise ValueError(
        f"write a number of examples, such as 2000, or a share, such as 5%; found {value!r:.60}"
    )


if TYPE_CHECKING:

    class _CutKeys(Section): ...
else:  # `from` is a word of Python, so that no class can declare it
    _CutKeys = create_model(
        "_CutKeys",
        __base__=Section,
        **{
            "from": (
                Annotated[Literal["train"] | None, BeforeValidator(_check_origin)],
                Field(
                    default=None,
                    description="train: this split is cut from data.train, which leaves it out.",
                ),
            )
        },
    )


class DataEntry(_CutKeys):
    """Where the examples of one split come from."""

    size: Annotated[int | str | None, BeforeValidator(_check_size)] = Field(
        default=None, description="With `from`: number of examples, or a share such as 5%."
    )
    seed: Count | None = Field(
        default=None,
        description="With `from`: another number cuts other examples; 0 if left out, whatever "
        "training.seed is.",
    )
    hub: str | None = Field(default=None, description="Data set id on the hub.")
    config: str | None = Field(default=None, description="Configuration of the hub data set.")
    split: str | None = Field(
        default=None,
        description="Split of the hub data set (slices such as train[:1%] work), or of a directory "
        "that was saved with several.",
    )
    revision: str | None = Field(default=None, description="Branch, tag or commit on the hub.")
    file: FileNames | None = Field(
        default=None,
        description="TSV, CSV, JSONL, JSON, Parquet, Arrow, TMX or XLIFF file, directory of "
        "save_to_disk, pattern such as train-*.tsv, or a list of these.",
    )
    source_file: FileNames | None = Field(
        default=None, description="Text file with one source per line, a pattern, or a list."
    )
    target_file: FileNames | None = Field(
        default=None, description="Text file with one target per line, a pattern, or a list."
    )
    sacrebleu: str | None = Field(
        default=None,
        description="Test set that sacreBLEU knows by name, such as wmt20, in source_lang and "
        "target_lang.",
    )
    format: FormatName | None = Field(
        default=None, description="Format of `file` if its ending does not tell."
    )
    columns: list[str] | None = Field(
        default=None, description="Names of the columns of a TSV or CSV file without a header line."
    )
    delimiter: str | None = Field(
        default=None,
        min_length=1,
        description="Text between the columns of a TSV or CSV file, such as ';'; a tab or a comma "
        "if left out.",
    )
    encoding: str | None = Field(
        default=None, description="Encoding of text files, such as cp1252; UTF-8 if left out."
    )
    on_bad_row: Literal["error", "skip"] | None = Field(
        default=None,
        description="skip: leave out and count rows that cannot be read, such as one with too few "
        "columns; error if left out.",
    )
    source: str | None = Field(
        default=None,
        description="Column of the source, or a template such as '{question} {context}'.",
    )
    target: str | None = Field(default=None, description="Column of the target, or a template.")
    references: list[str] | None = Field(
        default=None,
        description="Columns (or text files beside `target_file`) with further references.",
    )
    prefix: str | None = Field(
        default=None, description="Text before every source; the family's own if left out."
    )
    max_examples: PositiveInt | None = Field(
        default=None,
        description="Number of examples to use, counted from the first; all if left out.",
    )
    streaming: bool | None = Field(
        default=None,
        description="train only: tokenize while training and store nothing, for data that does "
        "not fit on a disk; needs training.max_steps.",
    )
    shuffle_buffer: PositiveInt | None = Field(
        default=None,
        description="With streaming: number of examples that are shuffled and batched together; "
        "100000 if left out.",
    )

    @property
    def place(self) -> Place:
        """Place of the examples, as the given keys determine it."""
        (kind,) = self._chosen_places()
        return kind(**{key: getattr(self, key) for key in kind.own_keys() if self._has(key)})

    def _has(self, key: str) -> bool:
        return getattr(self, key) is not None

    def _chosen_places(self) -> list[type[Place]]:
        return [kind for kind in PLACES if any(map(self._has, kind.chosen_by))]

    @model_validator(mode="after")
    def _one_place(self) -> DataEntry:
        chosen = self._chosen_places()
        if len(chosen) != 1:
            *others, last = [" with ".join(f"`{key}`" for key in one.chosen_by) for one in PLACES]
            raise ValueError(f"give one of {', '.join(others)}, or {last}")
        (kind,) = chosen
        for key in kind.needed_keys():
            if not self._has(key) and key in kind.chosen_by:
                raise ValueError(
                    " and ".join(f"`{one}`" for one in kind.chosen_by) + " go together"
                )
            if not self._has(key):
                raise ValueError(f"`{kind.chosen_by[0]}` needs a `{key}`")
        for key in (key for other in PLACES for key in other.own_keys()):
            if key not in (*kind.own_keys(), *SHARED_KEYS) and self._has(key):
                owners = [f"`{one.chosen_by[0]}`" for one in PLACES if key in one.own_keys()]
                raise ValueError(f"`{key}` requires {' or '.join(owners)}")
        if self.shuffle_buffer is not None and not self.streaming:
            raise ValueError("`shuffle_buffer` requires `streaming: true`")
        if kind is CutSplit:
            for key in ("source", "target", "references", "max_examples", "on_bad_row"):
                if self._has(key):
                    raise ValueError(f"`{key}` belongs to data.train, which this split is cut from")
        return self

    @field_validator("encoding")
    @classmethod
    def _encoding_is_known(cls, encoding: str | None) -> str | None:
        try:
            "".encode(encoding or "utf-8")
        except LookupError:
            raise ValueError(f"{encoding!r} is not an encoding that Python knows") from None
        return encoding

    @field_validator("delimiter")
    @classmethod
    def _delimiter_separates(cls, delimiter: str | None) -> str | None:
        if delimiter is not None and any(mark in delimiter for mark in '"\r\n'):
            raise ValueError("a delimiter has neither quotation marks nor line breaks")
        return delimiter


class DataSection(Section):
    """The three splits, and the keys that they share."""

    train: DataEntry
    validation: DataEntry
    test: DataEntry | None = None
    source: str | None = Field(
        default=None, description="`source` of every entry that does not give its own."
    )
    target: str | None = Field(
        default=None, description="`target` of every entry that does not give its own."
    )
    prefix: str | None = Field(
        default=None, description="`prefix` of every entry that does not give its own."
    )
    max_source_length: PositiveInt = Field(
        default=128, description="Limit in tokens; longer sources are cut."
    )
    max_target_length: PositiveInt = Field(
        default=128, description="Limit in tokens; longer targets are cut."
    )

    @property
    def entries(self) -> dict[str, DataEntry]:
        """Entries that are given, by split."""
        entries = {"train": self.train, "validation": self.validation, "test": self.test}
        return {split: entry for split, entry in entries.items() if entry is not None}

    @property
    def cuts(self) -> dict[str, CutSplit]:
        """Splits that are cut from the training data."""
        places = {split: entry.place for split, entry in self.entries.items()}
        return {split: place for split, place in places.items() if isinstance(place, CutSplit)}

    @field_validator("validation", "test")
    @classmethod
    def _only_train_is_streamed(cls, entry: DataEntry | None) -> DataEntry | None:
        if entry is not None and entry.streaming:
            raise ValueError("`streaming` is for data.train; other splits are read as a whole")
        return entry

    @field_validator("train")
    @classmethod
    def _train_is_whole(cls, train: DataEntry) -> DataEntry:
        if isinstance(train.place, CutSplit):
            raise ValueError("`train` is what other splits are cut from; name its own place")
        return train


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


class EvaluationSection(Section):
    """How the model is scored."""

    metrics: list[MetricName] | None = Field(
        default=None, min_length=1, description="Metrics of the report; chosen by task if left out."
    )
    best_metric: BestMetricName | None = Field(
        default=None,
        description="Metric that chooses the best checkpoint; the first one that can if left out.",
    )
    max_validation_examples: PositiveInt = Field(
        default=500, description="Number of examples that each validation translates (greedily)."
    )
    tokenize: str | None = Field(
        default=None, description="sacreBLEU tokenizer; the one for target_lang if left out."
    )
    lowercase: bool = Field(default=False, description="Score without regard to case.")
    normalize: Normalization = Field(
        default="none", description="squad: exact match ignores case, punctuation and articles."
    )

    @field_validator("metrics")
    @classmethod
    def _no_metric_twice(cls, metrics: list[str] | None) -> list[str] | None:
        if metrics is not None and len(set(metrics)) < len(metrics):
            raise ValueError("a metric is listed twice")
        return metrics

    @field_validator("best_metric", mode="before")
    @classmethod
    def _best_metric_ranks(cls, name: Any) -> Any:
        if isinstance(name, str) and is_metric_name(name) and not ranks_models(name):
            raise ValueError(
                f"{name} cannot choose the best checkpoint: it is unknown whether higher is better"
            )
        return name

    @model_validator(mode="after")
    def _best_metric_is_measured(self) -> EvaluationSection:
        if self.best_metric and self.metrics and self.best_metric not in self.metrics:
            raise ValueError(f"best_metric {self.best_metric} is not in `metrics`")
        if self.metrics and not any(map(ranks_models, self.metrics)):
            raise ValueError(
                "none of `metrics` can choose the best checkpoint; add one that can, such as chrf"
            )
        return self


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

    @model_validator(mode="after")
    def _translation_names_languages(self) -> Recipe:
        if self.task == "translation" and not (self.source_lang and self.target_lang):
            raise ValueError("a translation needs `source_lang` and `target_lang`")
        return self

    @model_validator(mode="after")
    def _streaming_fits(self) -> Recipe:
        if not self.data.train.streaming:
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
        return self

    @property
    def scoring_options(self) -> ScoringOptions:
        """Options of the metrics; no recipe can allow code of others."""
        section = self.evaluation
        return ScoringOptions(
            section.tokenize, section.lowercase, self.target_lang, section.normalize
        )
