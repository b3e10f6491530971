"""Test every shipped recipe that names the hub, with a model and data on loopback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from t5tune.recipe.catalog import list_recipes
from t5tune.recipe.loading import load_recipe
from tests.conftest import RunCommand, number_pairs
from tests.hub.server import Hub
from tests.hub.shipped import add_shipped

NAMES = [
    entry.name
    for entry in list_recipes()
    if load_recipe(entry.name).model.name is not None
    or load_recipe(entry.name).data.train.hub is not None
]
QUICK = ("wmt-en-de", "squad", "xsum")  # the other recipes are of the same kinds


def test_there_are_eight() -> None:
    assert len(NAMES) == 8


@pytest.mark.parametrize(
    "name",
    [name if name in QUICK else pytest.param(name, marks=pytest.mark.stress) for name in NAMES],
)
def test_it_trains_from_the_hub(
    hub_here: Hub, t5tune: RunCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    add_shipped(hub_here)
    monkeypatch.chdir(tmp_path)
    overrides = ["training.max_steps=2", "training.tokens_per_batch=600", "training.bf16=false"]
    overrides += ["training.eval_steps=null", "data.max_target_length=24", "export=none"]
    overrides += ["training.num_train_epochs=null", "training.early_stopping_patience=null"]
    overrides += ["decoding.max_new_tokens=4", *smaller(name, tmp_path)]
    result = t5tune("train", name, *overrides)
    assert result.code == 0, result.err
    assert "Generating" not in result.err
    assert "%|" not in result.err
    run = tmp_path / "runs" / name
    report = json.loads((run / "eval" / "test" / "report.json").read_text())
    assert report["num_examples"] == (3 if name == "opus-books-en-fr" else 6)  # the last 1 %
    resolved = yaml.safe_load((run / "recipe.yaml").read_text())
    model = resolved["model"].get("name")
    if model is not None:
        repository = hub_here.repositories["models", model]
        assert resolved["model"]["revision"] == repository.branches["main"]
    hub = resolved["data"]["train"].get("hub")
    if hub is not None:
        commits = hub_here.repositories["datasets", hub].branches
        branch = load_recipe(name).data.train.revision or "main"
        assert resolved["data"]["train"]["revision"] == commits[branch]
    assert not any(path.endswith((".h5", ".msgpack")) for path in hub_here.paths())


def smaller(name: str, folder: Path) -> list[str]:
    """Return changes that make a recipe small enough for this test."""
    recipe = load_recipe(name)
    overrides = []
    if recipe.data.train.file is not None:  # only the model's recipe
        for split, num in (("train", 40), ("validation", 6), ("test", 6)):
            path = folder / f"{split}.tsv"
            rows = [f"{source}\t{target}\n" for source, target in number_pairs(num)]
            path.write_text("".join(rows), encoding="utf-8")
            overrides.append(f"data.{split}.file={path}")
    if recipe.model.from_scratch is not None:
        overrides += ["model.from_scratch.d_model=16", "model.from_scratch.d_ff=32"]
        overrides += ["model.from_scratch.num_layers=1", "model.from_scratch.num_heads=2"]
        overrides += ["model.from_scratch.tokenizer.vocab_size=80"]
    return overrides
