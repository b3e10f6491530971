"""The model of a draft, and how it is trained: pretrained if there is one, or new."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from t5tune.drafting.pair_survey import PairSurvey
from t5tune.drafting.pretrained_models import (
    FoundModel,
    Search,
    check_model,
    list_candidates,
    search,
)
from t5tune.drafting.questions import Asker
from t5tune.drafting.scratch_shapes import PHONES, ScratchShape, choose_shape
from t5tune.drafting.task_shapes import TaskShape
from t5tune.drafting.token_lengths import SideLengths, measure_new, measure_pretrained
from t5tune.drafting.wishes import FROM_SCRATCH, Wishes
from t5tune.recipe.sections.from_scratch_section import TokenizerSection

if TYPE_CHECKING:
    from t5tune.drafting.draft import Draft

_SPARE_CHARACTERS = 2  # pieces for each different character, where there are very many
_TOKENS_ON_CPU, _TOKENS_ON_GPU = 2048, 8192  # of a batch, for fine-tuning
_FEW, _MANY = 10_000, 50_000  # pairs
_LIMITS_FROM_SCRATCH = (512, 512)
_LIMITS_OF_TASK = {"summarization": (512, 128)}
_PATIENCE = 5
_MOST_WARMUP = 0.25  # of the steps: with forty pairs the measured number would be more than all
_FEWEST_LONG = 3  # examples of the greatest lengths in a batch
_FILLED = 0.9  # share of a batch that is tokens; the rest is padding, or too short for a pair


@dataclass(frozen=True)
class ModelPlan:
    """A model, and the values that follow from it.

    Attributes:
        model: The pretrained model; None from scratch.
        model_reason: Why it is from scratch.
        shape: Sizes of a new model.
        tokenizer: Tokenizer of a new model.
        task: What is made of a source.
        lengths: Lengths of sources and targets.
        num_pairs: Number of usable pairs, estimated where not all were read.
        num_held_out: Number of those that validation and test set get.
        has_gpu: Whether there is a GPU.
        minutes: How long training may take.
    """

    model: FoundModel | None
    model_reason: str
    shape: ScratchShape
    tokenizer: TokenizerSection
    task: TaskShape
    lengths: tuple[SideLengths, SideLengths]
    num_pairs: int
    num_held_out: int
    has_gpu: bool
    minutes: float | None

    @property
    def tokens_per_batch(self) -> int:
        """Tokens of a batch of a new model: enough for several long examples."""
        longest = sum(side.limit for side in self.lengths)
        return max(self.shape.tokens_per_batch, _FEWEST_LONG * longest)

    def model_into(self, draft: Draft) -> None:
        """Set the section `model`."""
        if self.model is not None:
            size = f"; {self.model.megabytes:,} MB" if self.model.megabytes else ""
            draft.set("model.name", self.model.name, f"{self.model.reason}{size}")
            if self.model.is_pickled:
                draft.set("model.allow_pickle", True, "its repository has no safetensors")
            return
        section: dict[str, Any] = dict(self.shape.sizes)
        tokenizer: dict[str, Any] = {"type": self.tokenizer.type}
        if self.task.is_phones:
            tokenizer["whole_target_words"] = True
        else:
            tokenizer["vocab_size"] = self.tokenizer.vocab_size
        draft.set("model.from_scratch", {}, self.model_reason)
        for key, value in section.items():
            draft.set(f"model.from_scratch.{key}", value)
        draft.set("model.from_scratch.d_model", section["d_model"], f"sizes: {self.shape.origin}")
        draft.set("model.from_scratch.tokenizer", tokenizer)
        draft.set("model.config", {"dropout_rate": self.shape.dropout})

    def training_into(self, draft: Draft) -> None:
        """Set the sections `training`, `decoding` and `evaluation`."""
        epochs, num_steps, reason = self._choose_epochs()
        draft.set("training.num_train_epochs", epochs, reason)
        if self.minutes is not None:
            draft.set("training.max_minutes", self.minutes, "as you said")
        if self.model is not None:
            tokens = _TOKENS_ON_GPU if self.has_gpu else _TOKENS_ON_CPU
            where = "a GPU" if self.has_gpu else "a CPU: smaller batches, more updates"
            draft.set(
                "training.tokens_per_batch", tokens, f"source plus target tokens, for {where}"
            )
        else:
            tokens = self.tokens_per_batch
            draft.set(
                "training.tokens_per_batch", tokens, "source plus target tokens of one update"
            )
            if self.shape.learning_rate is not None:
                reason = "relative to the size of the weights (Adafactor)"
                draft.set("training.learning_rate", self.shape.learning_rate, reason)
            if self.shape.warmup_steps is not None:
                most = max(1, round(_MOST_WARMUP * num_steps))
                draft.set("training.warmup_steps", min(self.shape.warmup_steps, most))
        reason = "validations without a better score, after which training stops"
        draft.set("training.early_stopping_patience", _PATIENCE, reason)
        self._decoding_into(draft)

    def _choose_epochs(self) -> tuple[int, int, str]:
        """Return the passes over the pairs, the steps of a new model, and why."""
        num = self.num_pairs
        if self.model is not None:
            epochs = 10 if num < _FEW else 5 if num < _MANY else 3
            return epochs, 0, "passes over the pairs: more where they are few"
        tokens = (num - self.num_held_out) * sum(side.mean for side in self.lengths)
        steps = max(1, math.ceil(tokens / (_FILLED * self.tokens_per_batch)))
        epochs = round(self.shape.num_steps / steps)
        epochs = max(self.shape.fewest_epochs, min(self.shape.most_epochs, epochs))
        num_steps = epochs * steps
        return epochs, num_steps, f"passes over the pairs, about {num_steps:,} steps"

    def _decoding_into(self, draft: Draft) -> None:
        if self.task.is_labels:
            draft.set("decoding.num_beams", 1, "labels are short: greedy search is enough")
            draft.set("evaluation.metrics", ["exact_match"], "the share of right labels")
        elif self.task.is_phones:
            draft.set(
                "evaluation.metrics", ["exact_match", "wer"], "whole words, and single symbols"
            )
        elif self.task.task == "summarization":
            draft.set("decoding.no_repeat_ngram_size", 3, "summaries tend to repeat themselves")


def plan_model(
    task: TaskShape,
    codes: tuple[str | None, str | None],
    survey: PairSurvey,
    num_rows: int | None,
    num_held_out: int,
    wishes: Wishes,
    asker: Asker,
) -> ModelPlan:
    """Choose the model and measure the texts with its vocabulary.

    Args:
        task: What is made of a source.
        codes: Languages of source and target, if known.
        survey: The pairs.
        num_rows: Number of all rows, where not all were looked at.
        num_held_out: Number of pairs that validation and test set get.
        wishes: What the user has said.
        asker: Asks which of two models to take, and how long training may take.

    Raises:
        T5TuneError: A model that the user has named cannot be loaded.
    """
    import torch

    has_gpu = torch.cuda.is_available()
    num_pairs = survey.num_pairs
    if num_rows is not None and num_rows > survey.num_read:
        num_pairs = round(num_rows * survey.num_pairs / max(1, survey.num_read))
    found = _find_model(task, codes, wishes, has_gpu=has_gpu)
    if found.model is not None and wishes.model is None and not asker.is_silent:
        answer = asker.choose(
            f"Fine-tune {found.model.name} ({found.model.reason}), or train from scratch?",
            [found.model.name, FROM_SCRATCH],
            found.model.name,
        )
        if answer == FROM_SCRATCH:
            found = Search(None, "as you said")
    shape = PHONES if task.is_phones else choose_shape(num_pairs)
    tokenizer = _choose_tokenizer(task, shape, survey)
    model = found.model
    limits = _LIMITS_OF_TASK.get(task.task, _LIMITS_FROM_SCRATCH)
    if model is None:
        lengths = measure_new(survey, tokenizer, limits)
    else:
        lengths = measure_pretrained(survey, model.name, limits, task.task, codes)
    return ModelPlan(
        model, found.reason, shape, tokenizer, task, lengths, num_pairs, num_held_out,
        has_gpu, _ask_minutes(wishes, asker),
    )  # fmt: skip


def _find_model(
    task: TaskShape, codes: tuple[str | None, str | None], wishes: Wishes, *, has_gpu: bool
) -> Search:
    if wishes.model == FROM_SCRATCH:
        return Search(None, "as you said")
    if wishes.model is not None:
        return Search(check_model(wishes.model))
    if task.is_labels:
        codes = codes[0], codes[0]  # labels are in no language
    candidates = list_candidates(task.task, *codes, is_phones=task.is_phones)
    return search(candidates, has_gpu=has_gpu)


def _choose_tokenizer(task: TaskShape, shape: ScratchShape, survey: PairSurvey) -> TokenizerSection:
    if task.is_phones:
        return TokenizerSection(type="characters", whole_target_words=True)
    needed = _SPARE_CHARACTERS * len(survey.characters)
    size = shape.vocab_size
    if needed > size:
        size = -(-needed // 500) * 500
    return TokenizerSection(type="unigram", vocab_size=size)


def _ask_minutes(wishes: Wishes, asker: Asker) -> float | None:
    if wishes.minutes is not None or asker.is_silent:
        return wishes.minutes
    while True:
        answer = asker.ask("How many minutes may training take at most?", "no limit")
        try:
            minutes = float(answer)
        except ValueError:
            if answer == "no limit":
                return None
            continue
        if minutes > 0:
            return minutes
