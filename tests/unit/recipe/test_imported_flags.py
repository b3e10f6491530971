"""Test the recipe for a command line of Transformers' example scripts, and the page about it."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
import yaml

from t5tune.errors import T5TuneError
from t5tune.recipe.imported_flags import import_command, key_of_flag, list_flags, reason_without_key
from t5tune.recipe.problems import is_key
from tests.conftest import REPOSITORY
from tests.unit.recipe.flag_reference import flag_reference

PAGE = (REPOSITORY / "docs" / "from-transformers.md").read_text(encoding="utf-8")
DATA = (
    "--model_name_or_path", "t5-small", "--source_lang", "en", "--target_lang", "de",
    "--train_file", "train.json",
)  # fmt: skip


def test_the_page_shows_each_flag() -> None:
    assert flag_reference() in PAGE, (
        "docs/from-transformers.md: replace what follows `## Each flag` by the output of "
        "tests.unit.recipe.flag_reference.flag_reference()"
    )
    for flag in list_flags():
        key = key_of_flag(flag)
        assert key is not None or reason_without_key(flag)
        assert key is None or is_key(key.split(".")), flag


def test_the_usual_set_up_is_the_one_on_the_page() -> None:
    command = re.search(r"```sh\n(.*?)\n```", PAGE)
    recipe = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert command is not None
    assert recipe is not None
    script, *arguments = shlex.split(command[1])
    imported = import_command(script, arguments)
    assert imported.text == recipe[1]
    left_out = {"do_train", "do_eval", "per_device_eval_batch_size", "logging_dir"}
    assert imported.left_out.keys() == left_out


def test_keys_for_other_programs_exist() -> None:
    rows = re.findall(r"^\| (`[^|]+) \|", PAGE.partition("## JoeyNMT")[2], re.MULTILINE)
    assert len(rows) > 20
    for row in rows:
        key = re.findall(r"`([\w.]+)`", row)[0]
        assert is_key(key.split(".")), key


def test_values_are_translated_or_left_out_with_a_reason() -> None:
    imported = import_command(
        "examples/run_translation.py",
        [*DATA, "--optim=adamw_torch_fused", "--bf16", "--max_steps", "-1", "--learning-rate",
         "1e-3", "--lr_scheduler_type", "cosine_with_restarts", "--lr_scheduler_kwargs",
         '{"num_cycles": 2}', "--metric_for_best_model", "eval_bleu", "--max_predict_samples", "9",
         "--report_to", "wandb", "mlflow", "--hub_token", "hf_secret", "--warmup_ratio", "0.1",
         "--fp16", "False", "--num_beam", "5", "--output_dir", "out/my run/"],
    )  # fmt: skip
    recipe = yaml.safe_load(imported.text)
    assert recipe["name"] == "my-run"
    assert recipe["model"] == {"name": "google-t5/t5-small"}
    assert recipe["data"]["validation"] == {"from": "train", "size": "5%"}
    assert recipe["training"] == {
        "per_device_train_batch_size": 8,
        "optim": "adamw_torch",
        "learning_rate": 0.001,
        "bf16": True,
        "extra": {"report_to": ["wandb", "mlflow"]},
    }
    assert recipe["evaluation"] == {"best_metric": "bleu"}
    assert imported.left_out.keys() == {
        "hub_token", "warmup_ratio", "num_beam", "lr_scheduler_type", "lr_scheduler_kwargs"
    }  # fmt: skip
    assert imported.left_out["num_beam"].endswith("no such flag; did you mean num_beams?")
    assert "parameter num_cycles" in imported.left_out["lr_scheduler_kwargs"]
    assert "hf_secret" not in imported.text + str(imported.left_out)


def test_a_json_file_holds_the_arguments(tmp_path: Path) -> None:
    path = tmp_path / "args.json"
    flags = {"model_name_or_path": "t5-small", "dataset_name": "xsum", "do_predict": True}
    path.write_text(json.dumps({**flags, "text_column": "document", "num_train_epochs": 2}))
    recipe = yaml.safe_load(import_command("run_summarization", [str(path)]).text)
    assert recipe["task"] == "summarization"
    assert list(recipe["data"])[:4] == ["train", "validation", "test", "source"]
    assert recipe["data"]["test"] == {"hub": "EdinburghNLP/xsum", "split": "test"}


@pytest.mark.parametrize(
    ("script", "arguments", "message"),
    [
        ("run_translatoin", DATA, "did you mean run_translation?"),
        ("run_translation", ("t5-small",), "t5-small stands before the first flag."),
        ("run_translation", DATA[:2], "data.train"),
        ("run_translation", (*DATA[:2], *DATA[6:]), "needs `source_lang` and `target_lang`"),
    ],
)
def test_no_recipe_follows_from_half_a_command_line(
    script: str, arguments: tuple[str, ...], message: str
) -> None:
    with pytest.raises(T5TuneError, match=re.escape(message)):
        import_command(script, arguments)


def test_a_command_line_leaves_the_defaults_of_the_next_one_alone() -> None:
    def warmup_steps(*arguments: str) -> int | None:
        text = import_command("run_translation", [*DATA, *arguments]).text
        steps: int | None = yaml.safe_load(text)["training"].get("warmup_steps")
        return steps

    assert [warmup_steps("--warmup_ratio", "0.1") for _ in range(2)] == [None, None]
    assert warmup_steps() == 0
