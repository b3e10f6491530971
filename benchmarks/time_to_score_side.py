"""Train one side of benchmarks/time_to_score.py and print its curve as JSON.

All sides start from the same weights, tokenizer, token ids and dropout, which `t5tune train`
prepares for the recipe. Their loss has the recipe's label smoothing, and their learning rate its
warm-up; then it falls linearly to 0 at the end of the recipe's epochs or of the budget, whichever
comes first. Stock batches have as many examples as t5tune's have on average.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch.optim.lr_scheduler import LambdaLR
from training_arms import build_arguments
from transformers import DataCollatorForSeq2Seq, Seq2SeqTrainer, TrainerCallback

from t5tune.data.encoding import IGNORED
from t5tune.models.cpu.fast_paths import use_fast_paths
from t5tune.recipe.loading import load_recipe
from t5tune.run.directory import RunDirectory
from t5tune.scoring.registry import METRICS
from t5tune.training.callbacks.clock import end_with_time
from t5tune.training.determinism import deterministic_kernels
from t5tune.training.garbage import leaving_out_existing_objects
from t5tune.training.preparation.recipe_preparation import prepare
from t5tune.training.preparation.start import Start
from t5tune.training.random_numbers import keeping_random_state
from t5tune.training.recipe_batches import build_batch_plan
from t5tune.training.step.allocator import keep_freed_memory
from t5tune.training.trainer_building import build_trainer, build_watchers
from t5tune.training.training_plan import plan_training
from t5tune.training.validation import Validation

NEVER = 10**9  # steps


class ScoreClock(TrainerCallback):
    """Times training without its validations, notes their scores, and ends it with the budget.

    Args:
        validate: Function that returns the score, and a smoother one that tells more of a search.
        budget: Seconds of training.
        every: Seconds of training between validations.
        until: Score at which training ends.
        clock: `wall`, `processor`, or `steps`, where every step counts for the same seconds.
        step_seconds: Seconds that each step counts for; needed by the clock of steps.
    """

    def __init__(
        self,
        validate: Callable[[], tuple[float, float]],
        budget: float,
        every: float,
        until: float,
        *,
        clock: str,
        step_seconds: float = 0.0,
    ) -> None:
        self._validate, self._every, self._until = validate, every, until
        self._budget, self._clock, self._step_seconds = budget, clock, step_seconds
        self.wall = self.processor = self.steps = self._share = 0.0
        self.curve: list[dict[str, float]] = []

    @property
    def score(self) -> float:
        """Return the last score, 0 before the first validation."""
        return self.curve[-1]["score"] if self.curve else 0.0

    @property
    def _seconds(self) -> float:
        return float(getattr(self, self._clock))

    def on_train_begin(
        self, args: Any, state: Any, control: Any, lr_scheduler: Any = None, **_: Any
    ) -> None:
        if not isinstance(lr_scheduler, LambdaLR):
            raise TypeError(f"the schedule is a {type(lr_scheduler).__name__}")
        warmup_steps = args.get_warmup_steps(state.max_steps)
        end_with_time(lr_scheduler, warmup_steps, state.max_steps, lambda: self._share)
        self._continue()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._add_time()
        self.steps = state.global_step * self._step_seconds
        self._share = min(1.0, self._seconds / self._budget)
        is_over = self._share >= 1.0 or state.global_step >= state.max_steps
        if is_over or self._seconds >= self._every * (len(self.curve) + 1):
            if torch.cuda.is_available():
                torch.cuda.synchronize()
                self._add_time()
            score, smooth = self._validate()
            self.curve.append(
                {
                    "wall_seconds": round(self.wall, 2),
                    "processor_seconds": round(self.processor, 2),
                    "steps_seconds": round(self.steps, 2),
                    "step": state.global_step,
                    "score": round(score, 2),
                    "smooth": round(smooth, 2),
                }
            )
            self._continue()
            if is_over or score >= self._until:
                control.should_training_stop = True

    def _continue(self) -> None:
        self._last = time.perf_counter(), time.process_time()

    def _add_time(self) -> None:
        now = time.perf_counter(), time.process_time()
        self.wall += now[0] - self._last[0]
        self.processor += now[1] - self._last[1]
        self._last = now


def count_steps(start: Start, per_epoch: int) -> int:
    section = start.recipe.training
    return section.max_steps or math.ceil(section.num_train_epochs * per_epoch)


def build_stock(start: Start, clock: ScoreClock, options: Any, run: RunDirectory) -> Any:
    """Return Seq2SeqTrainer as the library's run_translation.py sets it up, or its best set-up."""
    dataset, section = start.dataset, start.recipe.training
    model, tokenizer = start.model.translator.model, start.model.tokenizer
    num_batches = len(build_batch_plan(section, dataset))
    examples = round(len(dataset) / num_batches)
    rows = [
        {
            "input_ids": dataset.sources[i].tolist(),
            "attention_mask": [1] * int(dataset.sources.lengths[i]),
            "labels": dataset.targets[i].tolist(),
        }
        for i in range(len(dataset))
    ]
    best: dict[str, Any] = {}
    if options.side == "stock-best":
        best = {"train_sampling_strategy": "group_by_length"}
    arguments = build_arguments(
        str(run.checkpoints), bf16=options.bf16, examples=examples,
        optim=options.optim, learning_rate=options.rate, warmup_steps=section.warmup_steps or 0,
        label_smoothing_factor=section.label_smoothing_factor, **best,
    )  # fmt: skip
    arguments.seed = section.seed
    arguments.max_steps = count_steps(start, math.ceil(len(rows) / examples))
    arguments.logging_steps = 500  # the library's default
    collate = DataCollatorForSeq2Seq(tokenizer, model=model, label_pad_token_id=IGNORED)
    return Seq2SeqTrainer(
        model=model, args=arguments, train_dataset=rows, data_collator=collate, callbacks=[clock]
    )


def build_t5tune(start: Start, clock: ScoreClock, run: RunDirectory) -> Any:
    """Return the trainer of `t5tune train`; the clock validates in its place."""
    model = start.model.translator.model
    use_fast_paths(model, is_sharded=False)
    plan = plan_training(start)
    best = METRICS[plan.recipe.evaluation.best_metric]
    watchers = build_watchers(plan.recipe.training, best, run)
    # The trainer's own validation, after the last step, is told what the clock has found.
    trainer = build_trainer(plan, run, start, lambda: {best.main_score: clock.score}, watchers)
    trainer.add_callback(clock)
    return trainer


def build_trainer_of(start: Start, clock: ScoreClock, options: Any, run: RunDirectory) -> Any:
    if options.side == "t5tune":
        return build_t5tune(start, clock, run)
    return build_stock(start, clock, options, run)


def measure(options: argparse.Namespace, run: RunDirectory) -> dict[str, Any]:
    """Train one side within the budget and return its curve."""
    own = options.side == "t5tune"
    changes = [f"training.seed={options.seed}", f"training.eval_steps={NEVER}", *options.change]
    if own:
        keep_freed_memory()
        changes += [f"training.optim={options.optim}", f"training.learning_rate={options.rate}"]
    changes += [] if own else ["training.bf16=false"]  # the stock side's own is in its arguments
    recipe = load_recipe(options.recipe, changes)
    start = prepare(recipe, run, None)
    metrics = list(start.recipe.evaluation.metrics or ())
    score, smooth = (METRICS[name] for name in metrics[:2])
    validation = Validation(
        start.model, start.validation.first(options.examples), metrics[:2],
        start.recipe.scoring_options, lambda: None,
    )  # fmt: skip

    def validate() -> tuple[float, float]:
        with keeping_random_state():
            found = validation()
        other = found[smooth.main_score]
        return found[score.main_score], -other if smooth.lower_is_better else other

    clock = ScoreClock(
        validate, options.budget_seconds, options.every_seconds, options.until,
        clock=options.clock, step_seconds=options.step_seconds,
    )  # fmt: skip
    trainer = build_trainer_of(start, clock, options, run)
    with leaving_out_existing_objects(), deterministic_kernels(enabled=own):
        trainer.train()
    return {
        "metric": score.main_score,
        "bf16": bool(trainer.args.bf16),
        "steps": trainer.state.global_step,
        "planned_steps": trainer.args.max_steps,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "curve": clock.curve,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", choices=("stock", "stock-best", "t5tune"), required=True)
    parser.add_argument("--recipe", required=True)
    parser.add_argument("--change", action="append", default=[], help="KEY=VALUE of the recipe")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--optim", required=True)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--bf16", action="store_true", help="stock sides; t5tune chooses itself")
    parser.add_argument("--clock", choices=("wall", "processor", "steps"), required=True)
    parser.add_argument("--step-seconds", type=float, default=0.0, help="of the clock of steps")
    parser.add_argument("--budget-seconds", type=float, required=True)
    parser.add_argument("--every-seconds", type=float, required=True)
    parser.add_argument("--until", type=float, required=True)
    parser.add_argument("--examples", type=int, required=True, help="of a validation")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        result = measure(options, RunDirectory(Path(directory) / "run"))
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
