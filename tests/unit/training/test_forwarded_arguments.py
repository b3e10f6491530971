"""Test that each field of `training.extra` that is forwarded has an effect."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
import transformers.trainer

from t5tune.data.encoding import EncodedDataset, TokenSequences
from t5tune.data.examples import Examples
from t5tune.data.store.training_stores import TrainingStores
from t5tune.decoding.loaded_model import LoadedModel
from t5tune.decoding.torch_translator import TorchTranslator
from t5tune.distributed.processes import OfMainProcess
from t5tune.errors import T5TuneError
from t5tune.recipe.choices import ModelFacts
from t5tune.recipe.loading import load_recipe
from t5tune.recipe.resolve import resolve_for_model
from t5tune.recipe.training_extra import FORWARDED
from t5tune.run.directory import RunDirectory
from t5tune.scoring.registry import METRICS
from t5tune.training import arguments
from t5tune.training.callbacks import trackers
from t5tune.training.preparation.start import Start
from t5tune.training.trainer import T5TuneTrainer
from t5tune.training.trainer_building import build_trainer, build_watchers
from t5tune.training.training_plan import plan_training
from tests.tiny_families import FAMILIES

Build = Callable[..., T5TuneTrainer]

TRACKER = """
class Vars:
    def get(self): return None
class context_vars: current_space_id = Vars()
__version__ = "1.0"
config, calls = {}, []
config = type("Config", (dict,), {"update": lambda self, *a, **k: None})()
def init(**settings): calls.append(settings); print("a line on stdout")
def log(values, **_): calls.append(values)
def finish(): calls.append("finished")
"""


@pytest.fixture
def build(tiny_recipe: Path, tmp_path: Path) -> Iterator[Build]:
    generator = np.random.default_rng(0)
    sides = [
        TokenSequences(
            [generator.integers(3, 40, n).tolist() for n in generator.integers(2, 9, 16)]
        )
        for _ in range(2)
    ]
    dataset = EncodedDataset(*sides)
    model, tokenizer = FAMILIES["t5"](tmp_path)

    def build(*overrides: str, extra: str = "") -> T5TuneTrainer:
        changes = ["training.optim=adamw_torch", "training.warmup_steps=0", *overrides]
        changes += [f"training.extra.{extra}"] if extra else []
        recipe = load_recipe(tiny_recipe, changes, for_training=True)
        facts = ModelFacts("t5", 3e-4, "", length_limit=8, gains_by_bf16=False)
        fitted, choices = resolve_for_model(recipe, facts)
        run = RunDirectory(tmp_path / "run")
        loaded = LoadedModel("tiny", TorchTranslator(model, tokenizer), tokenizer)
        start = Start(
            fitted,
            choices,
            cast("TrainingStores", None),  # only several processes look at it
            dataset,
            loaded,
            Examples("validation", [], []),
            OfMainProcess(),
            None,
            {},
        )
        plan = plan_training(start)
        best_metric = METRICS[plan.recipe.evaluation.best_metric]
        watchers = build_watchers(plan.recipe.training, best_metric, run)
        trainer = build_trainer(plan, run, start, lambda: {"BLEU": 1.0}, watchers)
        trainer.saver.writer.write = lambda *_, **__: None  # type: ignore[method-assign]
        return trainer

    yield build
    torch.use_deterministic_algorithms(False)


def adam(key: str) -> Callable[[T5TuneTrainer], Any]:
    def look(trainer: T5TuneTrainer) -> Any:
        group = trainer.optimizer.param_groups[0]
        values = {"adam_beta1": group["betas"][0], "adam_beta2": group["betas"][1]}
        return {**values, "adam_epsilon": group["eps"]}[key]

    return look


def loader(name: str) -> Callable[[T5TuneTrainer], Any]:
    def look(trainer: T5TuneTrainer) -> Any:
        value = getattr(trainer.get_train_dataloader(), name)
        return value.get_start_method() if name == "multiprocessing_context" and value else value

    return look


def rates(trainer: T5TuneTrainer) -> list[float]:
    schedule = trainer.create_scheduler(8, trainer.optimizer)
    return [round(schedule.lr_lambdas[0](step), 6) for step in range(8)]


def ddp(name: str) -> Callable[[T5TuneTrainer], Any]:
    return lambda trainer: getattr(trainer.accelerator.ddp_handler, name)


WORKER = "training.extra.dataloader_num_workers=1"
# The field and its value, the settings that it needs, where its effect shows, and the effect.
IN_FORCE: list[tuple[str, tuple[str, ...], Callable[[T5TuneTrainer], Any], Any]] = [
    ("adam_beta1=0.8", (), adam("adam_beta1"), 0.8),
    ("adam_beta2=0.98", (), adam("adam_beta2"), 0.98),
    ("adam_epsilon=1e-6", (), adam("adam_epsilon"), 1e-6),
    ("data_seed=7", (), lambda t: t.get_train_dataloader().batch_sampler.plan.seed, 7),
    ("dataloader_num_workers=2", (), loader("num_workers"), 2),
    ("dataloader_prefetch_factor=5", (WORKER,), loader("prefetch_factor"), 5),
    ("dataloader_persistent_workers=true", (WORKER,), loader("persistent_workers"), True),
    (
        "dataloader_multiprocessing_context=spawn",
        (WORKER,),
        loader("multiprocessing_context"),
        "spawn",
    ),
    ("ddp_find_unused_parameters=true", (), ddp("find_unused_parameters"), True),
    ("ddp_bucket_cap_mb=7", (), ddp("bucket_cap_mb"), 7),
    ("ddp_broadcast_buffers=false", (), ddp("broadcast_buffers"), False),
    ("full_determinism=true", (), lambda _: torch.are_deterministic_algorithms_enabled(), True),
    (
        "lr_scheduler_kwargs={num_cycles: 1}",
        ("training.lr_scheduler_type=cosine",),
        lambda t: rates(t)[4],
        0.0,
    ),
]


@pytest.mark.parametrize(("extra", "others", "look", "expected"), IN_FORCE)
def test_a_field_is_in_force(
    extra: str, others: tuple[str, ...], look: Callable[..., Any], expected: Any, build: Build
) -> None:
    assert look(build(*others)) != expected, "it is so without the field"
    assert look(build(*others, extra=extra)) == expected


def test_pinned_memory_is_for_accelerators(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arguments, "default_device", lambda: "cuda")
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    look = loader("pin_memory")
    assert look(build()) is True
    assert look(build(extra="dataloader_pin_memory=false")) is False


def test_tf32_needs_a_gpu(build: Build) -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has it")
    with pytest.raises(T5TuneError, match=r"training\.extra\.tf32: .*requires Ampere"):
        build(extra="tf32=true")


@pytest.mark.parametrize(
    "name", ["activation_checkpointing_kwargs", "gradient_checkpointing_kwargs"]
)
def test_checkpointing_takes_its_arguments(
    name: str, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = build("training.gradient_checkpointing=true", extra=f"{name}={{every_n_layers: 1}}")
    given: list[Any] = []
    enable = type(trainer.unwrapped).activation_checkpointing_enable

    def record(self: Any, *arguments: Any, **keywords: Any) -> None:
        given.append(keywords)
        enable(self, *arguments, **keywords)

    monkeypatch.setattr(type(trainer.unwrapped), "activation_checkpointing_enable", record)
    trainer.args.max_steps = 1
    trainer.train()
    assert given[0]["every_n_layers"] == 1


def test_the_log_the_validations_and_the_cache_follow(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    emptied: list[int] = []
    empty = transformers.trainer.clear_device_cache
    monkeypatch.setattr(
        transformers.trainer, "clear_device_cache", lambda: emptied.append(1) or empty()
    )
    given = (
        "training.logging_steps=3", "training.eval_steps=2", "training.extra.eval_delay=3",
        "training.extra.logging_first_step=true",
    )  # fmt: skip
    trainer = build(*given, extra="torch_empty_cache_steps=1")
    trainer.train()
    history = trainer.state.log_history
    assert next(line["step"] for line in history if "loss" in line) == 1
    assert [line["step"] for line in history if "eval_BLEU" in line] == [4, 6, 8]
    assert emptied


def test_trackers_report_and_are_named_after_the_run(
    build: Build,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A package of ours replaces Trackio, which is not installed here."""
    (tmp_path / "trackio.py").write_text(TRACKER)
    monkeypatch.syspath_prepend(tmp_path)
    given = (
        "training.extra.report_to=trackio", "training.extra.project=p", "training.eval_steps=100",
        "training.extra.trackio_space_id=s", "training.extra.trackio_bucket_id=b",
        "training.extra.trackio_static_space_id=false",
    )  # fmt: skip
    trainer = build(*given)
    assert trainer.args.trackio_static_space_id is False
    trainer.args.max_steps = 2
    trainer.train()
    import trackio  # type: ignore[import-not-found]

    assert trackio.calls[0] | {"private": None} == {
        "project": "p", "name": "run", "space_id": "s", "resume": "allow", "private": None,
        "bucket_id": "b",
    }  # fmt: skip
    assert any("train/loss" in call for call in trackio.calls[1:-1])
    assert trackio.calls[-1] == "finished"
    assert capsys.readouterr().out == "", "stdout is for data"
    assert build(*given, "training.extra.run_name=mine").args.run_name == "mine"


def test_a_tracker_that_fails_says_so_once(capsys: pytest.CaptureFixture[str]) -> None:
    class Failing(transformers.TrainerCallback):
        def on_train_begin(self, *_: Any, **__: Any) -> None:
            raise OSError("no such server")

        def on_log(self, *_: Any, **__: Any) -> None:
            raise OSError("the server is gone")

    callback = trackers._guard(Failing(), "mlflow")
    with pytest.raises(T5TuneError, match="report_to: mlflow does not start: no such server"):
        callback.on_train_begin(None, None, None)
    callback.on_log(None, None, None)
    callback.on_log(None, None, None)
    assert capsys.readouterr().err.count("mlflow reports nothing from here on") == 1


def test_every_forwarded_field_is_shown_here() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in FORWARDED if name not in text] == []
