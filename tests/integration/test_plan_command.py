"""The plan of a training beside what training does, and what planning leaves alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from transformers import AutoTokenizer

from t5tune.training.callbacks.throughput import Throughput
from tests.conftest import RunCommand, number_pairs, write_pairs, write_tiny_recipe
from tests.hub.models import t5_files
from tests.hub.server import Hub
from tests.integration.test_data_flows_once import count_calls

HUB_MODEL = "acme/tiny-t5"
ONE_EPOCH = ("training.max_steps=null", "training.num_train_epochs=1", "training.eval_steps=99")


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the tiny recipe, in the current directory."""
    monkeypatch.chdir(tmp_path)
    return write_tiny_recipe(tmp_path)


def read_plan(t5tune: RunCommand, *arguments: str | Path) -> dict[str, Any]:
    """Return the plan that the command prints as JSON."""
    result = t5tune("plan", *arguments, "--json")
    assert result.code == 0, result.err
    plan: dict[str, Any] = json.loads(result.out)
    return plan


@pytest.mark.parametrize(
    "changes",
    [
        ("training.gradient_accumulation_steps=3",),
        ("training.packing=true",),
        ("training.tokens_per_batch=null", "training.per_device_train_batch_size=8"),
    ],
    ids=["budget", "packed", "fixed"],
)
def test_training_does_what_was_planned(
    t5tune: RunCommand, recipe: Path, changes: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = (recipe, *ONE_EPOCH, *changes, "training.logging_steps=99", "export=none")
    plan = read_plan(t5tune, *given)
    shown = t5tune("plan", *given)
    assert not Path("runs").exists()
    batches = count_calls(monkeypatch, "count", owner=Throughput)
    trained = t5tune("train", *given)
    assert trained.code == 0, trained.err
    run = Path("runs/tiny")
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    last = lines[-2]
    steps, planned = plan["steps"], plan["batches"]
    assert (last["step"], last["epoch"]) == (steps["total"], 1.0)
    assert steps["total"] == steps["per_epoch"]
    assert steps["validations"] == sum("validation" in line for line in lines) == 1
    written = yaml.safe_load((run / "recipe.yaml").read_text())["training"]
    assert (written["warmup_steps"], written["eval_steps"]) == (
        steps["warmup"],
        steps["between_validations"],
    )
    assert last["real_token_share"] == planned["real_token_share"] < 1
    assert planned["per_epoch"] == len(batches)
    seen = [arguments[1] for arguments in batches]
    tokens = sum(
        int(batch["attention_mask"].sum()) + int(batch["labels"].ne(-100).sum()) for batch in seen
    )
    (entry,) = plan["data"]["train"]
    assert tokens == planned["tokens"]
    assert tokens == entry["source"]["num_tokens"] + entry["target"]["num_tokens"]
    assert (entry["num_examples"], plan["data"]["validation"], plan["data"]["test"]) == (
        150,
        10,
        13,
    )
    # The same five lines; the free space of a disk that others write to may be another one.
    five = [line.partition(";")[0] for line in shown.out.splitlines()[:5]]
    assert [line.partition(":")[0] for line in five] == [
        "model", "training", "batches", "memory", "disk",
    ]  # fmt: skip
    assert "\n".join(five) in "\n".join(line.partition(";")[0] for line in trained.err.splitlines())


def test_what_is_cut_and_unknown_is_counted(t5tune: RunCommand, recipe: Path) -> None:
    pairs = [*number_pairs(40), ("one " * 60, "eins Ω Ω"), ("two", " ")]
    write_pairs(recipe.parent, "train", pairs)
    folder = Path("model")
    folder.mkdir()
    for name, content in t5_files(seed=1).items():
        (folder / name).write_bytes(content)
    changes = ["model.name=./model", "data.prefix=''", "data.max_source_length=50"]
    given = (recipe, "model.from_scratch=null", *changes)
    plan = read_plan(t5tune, *given)
    (entry,) = plan["data"]["train"]
    assert (entry["num_read"], entry["num_examples"], entry["num_cut"]) == (42, 41, 1)
    tokenizer = AutoTokenizer.from_pretrained("model")
    for number, side in enumerate(("source", "target")):
        texts = [pair[number] for pair in pairs[:-1]]
        rows = tokenizer(texts, truncation=True, max_length=50)["input_ids"]
        num_unknown = sum(row.count(tokenizer.unk_token_id) for row in rows)
        assert (sum(map(len, rows)), num_unknown) == (
            entry[side]["num_tokens"],
            entry[side]["num_unknown"],
        )
    assert num_unknown >= 2
    shown = t5tune("plan", *given).out
    assert "\t1.22 %\t" in shown  # 1 of 82 texts
    assert "training.optim\tadamw_torch\tusual for fine-tuning\n" in shown


def test_measured_steps_leave_nothing_behind(
    t5tune: RunCommand, recipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("ENOUGH_STEPS", 4), ("ENOUGH_SECONDS", 0.0), ("SETTLING_STEPS", 0)):
        monkeypatch.setattr(f"t5tune.training.planning.measuring.{name}", value)
    before = {path for path in recipe.parent.rglob("*") if path.is_file()}
    changes = ["training.ema_decay=0.9", "training.gradient_accumulation_steps=2"]
    plan = read_plan(t5tune, recipe, "--measure", *changes)
    assert {path for path in recipe.parent.rglob("*") if path.is_file()} == before
    measured, predicted = plan["measured"], plan["predicted"]
    assert measured["num_steps"] == 4
    assert predicted["steps_seconds"] == pytest.approx(8 * measured["step_seconds"], abs=1e-3)
    # Two on the way, and the average of the weights.
    validations = 3 * measured["validation_seconds"]
    assert predicted["validations_seconds"] == pytest.approx(validations, abs=1e-3)
    assert 0 < measured["checkpoint_bytes"] < plan["disk"]["checkpoint_bytes"]
    assert predicted["memory_bytes"] > plan["memory"]["state_bytes"]
    shown = t5tune("plan", recipe, "--measure", "training.max_minutes=0.00001")
    assert "training.max_minutes ends it before all steps" in shown.out


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ("model.config.colour=1", "model.config.colour: "),  # known where Transformers is imported
        ("training.extra.dataloader_prefetch_factor=2", "training.extra.dataloader_prefetch"),
    ],
)
def test_a_plan_is_refused_as_training_is(
    t5tune: RunCommand, recipe: Path, change: str, key: str
) -> None:
    assert t5tune("validate", recipe, change).code == 0
    planned, trained = t5tune("plan", recipe, change), t5tune("train", recipe, change)
    assert planned.code == trained.code == 1, planned.err
    assert f"error: {key}" in planned.err
    assert planned.err.partition("error: ")[2] == trained.err.partition("error: ")[2]


def test_weights_are_not_downloaded_to_plan(
    hub_here: Hub, t5tune: RunCommand, recipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = t5_files(seed=1)
    hub_here.add("models", HUB_MODEL, files)
    content: Mapping[str, Any] = yaml.safe_load(recipe.read_text()) | {"model": {"name": HUB_MODEL}}
    recipe.write_text(yaml.safe_dump(content), encoding="utf-8")
    size = len(files["model.safetensors"])
    plan = read_plan(t5tune, recipe)
    expected = {"model": HUB_MODEL, "files": {"model.safetensors": size}}
    assert plan["downloads"] == expected
    assert not any("safetensors" in path for path in hub_here.paths())
    assert f"{HUB_MODEL}\tmodel.safetensors\t" in t5tune("plan", recipe).out
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    offline = t5tune("plan", recipe)
    assert f"The weights of {HUB_MODEL} are not on this machine" in offline.out
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    assert t5tune("train", recipe, "training.max_steps=2", "export=none").code == 0
    assert read_plan(t5tune, recipe)["downloads"] is None
