"""The recipe: what a user may write, what each key means and which value it has by default.

Validation is pure: nothing here opens a file, reads the environment or imports torch.
Keys that are forwarded to Hugging Face keep Hugging Face's spelling.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from t5tune.scoring.names import METRIC_NAMES

TaskName = Literal["translation", "summarization", "text2text"]
MetricName = Literal["bleu", "chrf", "ter", "rouge", "exact_match", "token_f1", "wer", "cer"]

DEFAULT_METRICS: dict[str, tuple[MetricName, ...]] = {
    "translation": ("bleu", "chrf"),
    "summarization": ("rouge",),
    "text2text": ("exact_match", "wer", "cer"),
}

DEFAULT_VOCAB_SIZE = 8000


def _whole_number(value: Any) -> Any:
    """YAML reads `1e5` as a fraction; where a count is meant, it is a count."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


WholeNumber = BeforeValidator(_whole_number)
PositiveInt = Annotated[int, Field(ge=1), WholeNumber]
Count = Annotated[int, Field(ge=0), WholeNumber]
Share = Annotated[float, Field(ge=0.0, lt=1.0)]


class Section(BaseModel):
    """A part of the recipe. Unknown keys are refused; values never change after validation.

    Types are strict: pydantic would otherwise read `true` as the number 1 and `no` as False.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, strict=True)


class TokenizerSection(Section):
    """The tokenizer of a model that is trained from scratch."""

    type: Literal["unigram", "characters", "words", "bytes", "existing"] = Field(
        default="unigram",
        description="unigram: subwords trained on the training text; characters; words (split at "
        "white space); bytes (ByT5's, no vocabulary to train); existing: the one called `name`.",
    )
    vocab_size: Annotated[int, Field(ge=16), WholeNumber] = Field(
        default=DEFAULT_VOCAB_SIZE,
        description="Size of a unigram vocabulary, special tokens included.",
    )
    whole_target_words: bool = Field(
        default=False,
        description="characters only: target words are single tokens (phones, tags, actions).",
    )
    name: str | None = Field(
        default=None, description="existing only: hub id or directory of the tokenizer."
    )

    @model_validator(mode="after")
    def _options_fit_type(self) -> TokenizerSection:
        if (self.type == "existing") != (self.name is not None):
            raise ValueError("`name` goes with `type: existing`, and only with it")
        if self.whole_target_words and self.type != "characters":
            raise ValueError("`whole_target_words` goes with `type: characters`")
        if self.type != "unigram" and self.vocab_size != DEFAULT_VOCAB_SIZE:
            raise ValueError("`vocab_size` goes with `type: unigram`")
        return self


class FromScratchSection(Section):
    """Sizes of a T5 with random weights. Names as in `transformers.T5Config`."""

    d_model: PositiveInt = Field(default=256, description="Width of the residual stream.")
    d_kv: PositiveInt | None = Field(
        default=None, description="Width of one attention head; d_model / num_heads if left out."
    )
    d_ff: PositiveInt = Field(default=1024, description="Width of the feed-forward layers.")
    num_layers: PositiveInt = Field(default=4, description="Encoder layers.")
    num_decoder_layers: PositiveInt | None = Field(
        default=None, description="Decoder layers; as many as the encoder has if left out."
    )
    num_heads: PositiveInt = Field(default=4, description="Attention heads.")
    feed_forward_proj: Literal["relu", "gated-gelu", "gated-silu"] = Field(
        default="relu", description="relu as in T5, gated-gelu as in T5 v1.1."
    )
    tokenizer: TokenizerSection = Field(default_factory=TokenizerSection)

    @model_validator(mode="after")
    def _heads_divide_width(self) -> FromScratchSection:
        if self.d_kv is None and self.d_model % self.num_heads:
            raise ValueError(
                f"d_model {self.d_model} is not a multiple of num_heads {self.num_heads}; "
                "change one or give d_kv"
            )
        return self


class ModelSection(Section):
    """Which model to start from."""

    name: str | None = Field(default=None, description="Hub id or local directory.")
    revision: str | None = Field(default=None, description="Branch, tag or commit on the hub.")
    from_scratch: FromScratchSection | None = Field(
        default=None, description="Random weights of these sizes instead of `name`."
    )
    config: dict[str, Any] = Field(
        default_factory=dict, description="Any field of the model's own configuration."
    )

    @model_validator(mode="after")
    def _one_origin(self) -> ModelSection:
        if (self.name is None) == (self.from_scratch is None):
            raise ValueError("give either `name` or `from_scratch`")
        if self.revision is not None and self.name is None:
            raise ValueError("`revision` goes with `name`")
        return self


class DataEntry(Section):
    """Where the examples of one split come from."""

    hub: str | None = Field(default=None, description="Data set id on the hub.")
    config: str | None = Field(default=None, description="Configuration of the hub data set.")
    split: str | None = Field(
        default=None, description="Split of the hub data set; slices such as train[:1%] work."
    )
    revision: str | None = Field(default=None, description="Branch, tag or commit on the hub.")
    file: str | None = Field(
        default=None, description="A TSV, CSV, JSONL, JSON or Parquet file with columns."
    )
    source_file: str | None = Field(default=None, description="Text, one source a line.")
    target_file: str | None = Field(default=None, description="Text, one target a line.")
    format: Literal["tsv", "csv", "json", "jsonl", "parquet"] | None = Field(
        default=None, description="Format of `file` where its ending does not tell."
    )
    columns: list[str] | None = Field(
        default=None, description="Names of the columns of a TSV or CSV file without a header line."
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
        default=None, description="Use only the first so many examples."
    )

    @model_validator(mode="after")
    def _one_place(self) -> DataEntry:
        pair = self.source_file is not None or self.target_file is not None
        if (self.hub is not None) + (self.file is not None) + pair != 1:
            raise ValueError("give one of `hub`, `file`, or `source_file` with `target_file`")
        if pair and (self.source_file is None or self.target_file is None):
            raise ValueError("`source_file` and `target_file` go together")
        if self.hub is None:
            for key in ("config", "split", "revision"):
                if getattr(self, key) is not None:
                    raise ValueError(f"`{key}` goes with `hub`")
        elif self.split is None:
            raise ValueError("`hub` needs a `split`")
        for key in ("format", "columns"):
            if getattr(self, key) is not None and self.file is None:
                raise ValueError(f"`{key}` goes with `file`")
        return self


class DataSection(Section):
    """The three splits, and what they share."""

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
    max_source_length: PositiveInt = Field(default=128, description="In tokens; longer is cut.")
    max_target_length: PositiveInt = Field(default=128, description="In tokens; longer is cut.")


class TrainingSection(Section):
    """How the model is trained. A value left out is chosen for the model's family."""

    num_train_epochs: Annotated[float, Field(gt=0)] = Field(
        default=3.0, description="Passes over the training data."
    )
    max_steps: PositiveInt | None = Field(
        default=None, description="Optimizer steps; overrides num_train_epochs."
    )
    max_minutes: Annotated[float, Field(gt=0)] | None = Field(
        default=None,
        description="Training ends after this time if epochs or steps have not ended it before; "
        "the learning rate ends with it.",
    )
    tokens_per_batch: PositiveInt | Literal["auto"] | None = Field(
        default=None,
        description="Source plus target tokens of one batch, padding counted. 4096 unless "
        "per_device_train_batch_size is given. auto: as many as memory holds, up to "
        "tokens_per_step.",
    )
    tokens_per_step: PositiveInt | None = Field(
        default=None,
        description="With tokens_per_batch auto: tokens of one optimizer step, whatever memory "
        "there is. 4096 times gradient_accumulation_steps if left out.",
    )
    per_device_train_batch_size: PositiveInt | None = Field(
        default=None, description="A fixed number of examples a batch instead of a token budget."
    )
    packing: bool = Field(
        default=False,
        description="T5 family: several examples in a row of fixed length, hardly any padding; "
        "pays on a GPU.",
    )
    torch_compile: bool = Field(
        default=False,
        description="With packing: compile encoder and decoder for the one shape that rows have. "
        "Takes a minute or more at the start.",
    )
    gradient_accumulation_steps: PositiveInt = Field(
        default=1, description="Batches of one optimizer step."
    )
    optim: Literal["adafactor", "adamw_torch"] | None = Field(
        default=None, description="adafactor for T5 from scratch, adamw_torch for fine-tuning."
    )
    learning_rate: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="Peak of the schedule."
    )
    lr_scheduler_type: Literal[
        "linear", "cosine", "constant", "constant_with_warmup", "inverse_sqrt", "polynomial"
    ] = Field(default="linear", description="Shape of the schedule after the warm-up.")
    warmup_steps: Count | None = Field(
        default=None, description="Optimizer steps until the peak; a tenth of the run, at most 400."
    )
    weight_decay: Annotated[float, Field(ge=0)] = Field(default=0.0, description="Per step.")
    label_smoothing_factor: Share | None = Field(
        default=None, description="0.1 from scratch, 0 for fine-tuning."
    )
    max_grad_norm: Annotated[float, Field(ge=0)] = Field(
        default=1.0, description="Gradients are scaled down to this norm; 0 leaves them."
    )
    ema_decay: Share | None = Field(
        default=None,
        description="Keep a moving average of the weights too, such as 0.998; it becomes the "
        "model if it validates better than the best checkpoint.",
    )
    average_checkpoints: Annotated[int, Field(ge=2), WholeNumber] | None = Field(
        default=None,
        description="Average the newest so many checkpoints at the end; the average becomes the "
        "model if it validates better.",
    )
    bf16: bool | Literal["auto"] = Field(
        default="auto", description="auto: where a measurement says that the hardware gains by it."
    )
    gradient_checkpointing: bool = Field(
        default=False, description="Recompute activations: less memory, about a third slower."
    )
    eval_steps: PositiveInt | None = Field(
        default=None,
        description="Optimizer steps between validations (and checkpoints); once an epoch if left "
        "out, but at most 20 times a run.",
    )
    early_stopping_patience: PositiveInt | None = Field(
        default=None, description="Stop after so many validations without a better score."
    )
    save_total_limit: PositiveInt = Field(
        default=2, description="Checkpoints kept; the best one is always kept."
    )
    logging_steps: PositiveInt = Field(default=20, description="Steps between logged lines.")
    seed: Annotated[int, Field(ge=0, lt=2**32), WholeNumber] = Field(
        default=42, description="Of weights, order and dropout."
    )
    extra: dict[str, Any] = Field(
        default_factory=dict,
        description="Any other field of transformers.Seq2SeqTrainingArguments.",
    )

    @model_validator(mode="after")
    def _one_batch_size(self) -> TrainingSection:
        if self.tokens_per_batch is not None and self.per_device_train_batch_size is not None:
            raise ValueError("give `tokens_per_batch` or `per_device_train_batch_size`, not both")
        if self.tokens_per_step is not None and self.tokens_per_batch != "auto":
            raise ValueError("`tokens_per_step` goes with `tokens_per_batch: auto`")
        if self.torch_compile and not self.packing:
            raise ValueError(
                "`torch_compile` goes with `packing: true`; other batches vary in shape, and each "
                "shape would be compiled anew"
            )
        if self.packing and self.per_device_train_batch_size is not None:
            raise ValueError("`packing` goes with `tokens_per_batch`")
        return self


class DecodingSection(Section):
    """How hypotheses are generated. Names as in `transformers.GenerationConfig`."""

    num_beams: PositiveInt = Field(default=4, description="1 is greedy search.")
    length_penalty: float = Field(default=1.0, description="Above 1 favours longer hypotheses.")
    no_repeat_ngram_size: Count = Field(default=0, description="0 allows repetition.")
    max_new_tokens: PositiveInt | None = Field(
        default=None,
        description="Length limit in tokens. Left out, it follows the validation references.",
    )
    tokens_per_batch: PositiveInt = Field(
        default=4096, description="Source tokens times beams of one batch, padding counted."
    )


class EvaluationSection(Section):
    """How the model is scored."""

    metrics: list[MetricName] | None = Field(
        default=None, min_length=1, description="Scores of the report; by task if left out."
    )
    best_metric: MetricName | None = Field(
        default=None, description="Chooses the best checkpoint; the first metric if left out."
    )
    max_validation_examples: PositiveInt = Field(
        default=500, description="Examples translated (greedily) at each validation."
    )
    tokenize: str | None = Field(
        default=None, description="sacreBLEU tokenizer; its choice for target_lang if left out."
    )
    lowercase: bool = Field(default=False, description="Score without regard to case.")
    normalize: Literal["none", "squad"] = Field(
        default="none", description="squad: exact match ignores case, punctuation and articles."
    )

    @field_validator("metrics")
    @classmethod
    def _no_metric_twice(cls, metrics: list[MetricName] | None) -> list[MetricName] | None:
        if metrics is not None and len(set(metrics)) < len(metrics):
            raise ValueError("a metric is listed twice")
        return metrics

    @model_validator(mode="after")
    def _best_metric_is_measured(self) -> EvaluationSection:
        if self.best_metric and self.metrics and self.best_metric not in self.metrics:
            raise ValueError(f"best_metric {self.best_metric} is not in `metrics`")
        return self


class Recipe(Section):
    """Everything that one run needs: `t5tune train RECIPE` turns it into a run directory."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)] = Field(
        description="Names the run directory: letters, digits, dot, dash and underscore."
    )
    task: TaskName = Field(description="Chooses the default metrics and the prefix.")
    source_lang: str | None = Field(default=None, description="Language code, such as en.")
    target_lang: str | None = Field(default=None, description="Language code, such as de.")
    model: ModelSection
    data: DataSection
    training: TrainingSection = Field(default_factory=TrainingSection)
    decoding: DecodingSection = Field(default_factory=DecodingSection)
    evaluation: EvaluationSection = Field(default_factory=EvaluationSection)

    @model_validator(mode="after")
    def _translation_names_languages(self) -> Recipe:
        if self.task == "translation" and not (self.source_lang and self.target_lang):
            raise ValueError("a translation needs `source_lang` and `target_lang`")
        return self

    @property
    def metrics(self) -> tuple[MetricName, ...]:
        """The metrics of the report, in order; the task's own where the recipe names none."""
        if self.evaluation.metrics:
            return tuple(self.evaluation.metrics)
        if self.evaluation.best_metric:
            best = self.evaluation.best_metric
            others = [name for name in DEFAULT_METRICS[self.task] if name != best]
            return (best, *others)
        return DEFAULT_METRICS[self.task]

    @property
    def best_metric(self) -> MetricName:
        """The metric that chooses the best checkpoint."""
        return self.evaluation.best_metric or self.metrics[0]


assert set(METRIC_NAMES) == set(MetricName.__args__)  # type: ignore[attr-defined]
