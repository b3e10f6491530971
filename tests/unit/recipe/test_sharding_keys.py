"""Test which keys go with sharding, and that refusals say why."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from t5tune.recipe.loading import load_recipe
from t5tune.recipe.sections.training_section import TrainingSection

RECIPE = """\
name: demo
task: translation
source_lang: en
target_lang: de
model: {name: google-t5/t5-small}
data:
  train: {file: train.tsv}
  validation: {file: val.tsv}
training: {sharding: deepspeed, deepspeed_config: zero.json}
"""


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({"cpu_offload": True}, "requires `sharding: fsdp`"),
        ({"cpu_offload": True, "sharding": "deepspeed"}, "requires `sharding: fsdp`"),
        ({"deepspeed_config": "a.json"}, "requires `sharding: deepspeed`"),
        ({"deepspeed_config": "a.json", "sharding": "fsdp"}, "requires `sharding: deepspeed`"),
        ({"sharding": "fsdp", "packing": True, "torch_compile": True}, "cut at every block"),
        ({"sharding": "fsdp", "tokens_per_batch": "auto"}, "compute in step"),
        ({"sharding": "deepspeed", "optim": "adafactor"}, "means over rows and columns"),
        ({"sharding": "deepspeed", "ema_decay": 0.9}, "averages of weights"),
        ({"sharding": "deepspeed", "average_checkpoints": 3}, "averages of weights"),
        ({"sharding": "zero"}, "'none', 'fsdp' or 'deepspeed'"),
    ],
)
def test_what_does_not_go_together(keys: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        TrainingSection(**keys)


@pytest.mark.parametrize(
    "keys",
    [
        {"sharding": "fsdp", "cpu_offload": True, "packing": True, "optim": "adafactor"},
        {"sharding": "fsdp", "ema_decay": 0.9, "average_checkpoints": 3},
        {"sharding": "deepspeed", "deepspeed_config": "a.json", "packing": True},
    ],
)
def test_what_goes_together(keys: dict[str, Any]) -> None:
    assert TrainingSection(**keys).sharding == keys["sharding"]


def test_the_configuration_of_deepspeed_lies_beside_the_recipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "r.yaml").write_text(RECIPE)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    file = f"..{os.sep}r.yaml"
    assert load_recipe(file, []).training.deepspeed_config == str(tmp_path / "zero.json")
    changed = load_recipe(file, ["training.deepspeed_config=mine.json"]).training
    assert changed.deepspeed_config == str(tmp_path / "elsewhere" / "mine.json")
