"""Test `t5tune import`: the recipe that it prints is valid, and trains."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import RunCommand, number_pairs
from tests.hub.models import t5_files


def test_an_imported_recipe_trains(
    tmp_path: Path, t5tune: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("model").mkdir()
    for name, content in t5_files("safetensors").items():
        Path("model", name).write_bytes(content)
    for split, pairs in (("train", number_pairs(60)), ("validation", number_pairs(4, 100))):
        rows = [{"translation": {"en": source, "de": target}} for source, target in pairs]
        Path(f"{split}.json").write_text("".join(json.dumps(row) + "\n" for row in rows))
    imported = t5tune(
        "import", "run_translation.py", "--model_name_or_path", "./model", "--do_train",
        "--train_file", "train.json", "--validation_file", "validation.json",
        "--source_lang", "en", "--target_lang", "de", "--output_dir", "out",
        "--num_train_epochs", "3", "--per_device_train_batch_size", "16",
        "--per_device_eval_batch_size", "64", "--warmup_steps", "500", "--weight_decay", "0.01",
        "--logging_dir", "./logs", "--max_steps", "2", "--max_target_length", "4",
    )  # fmt: skip
    assert imported.code == 0, imported.err
    assert [line.partition(": ")[2].partition(":")[0] for line in imported.err.splitlines()] == [
        "--do_train", "--per_device_eval_batch_size", "--logging_dir"
    ]  # fmt: skip
    Path("my.yaml").write_text(imported.out)
    assert t5tune("validate", "my.yaml").code == 0
    trained = t5tune("train", "my.yaml", "export=none")
    assert trained.code == 0, trained.err
    steps = [json.loads(line) for line in Path("runs/out/log.jsonl").read_text().splitlines()]
    assert steps[-1]["step"] == 2
