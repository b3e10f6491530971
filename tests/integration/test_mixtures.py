"""Test runs on a mixture: one that changes with the steps, and one in two directions."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import t5tune as door
from t5tune.files.json_values import read_log, read_object
from t5tune.training.trainer import T5TuneTrainer
from tests import forks
from tests.conftest import RunCommand, number_pairs, write_pairs
from tests.weights import same_weights

KILLED_IN_STEP = Path(__file__).parent / "killed_in_step"


@pytest.fixture
def recipe(tiny_recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a recipe with 150 pairs of numbers and 40 others, of which the end has more."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("T5TUNE_CACHE", "cache")
    write_pairs(tmp_path, "more", number_pairs(40, 400))
    content = yaml.safe_load(tiny_recipe.read_text(encoding="utf-8"))
    content["data"]["train"] = [
        {"file": "train.tsv", "weight": 3, "until_step": 6},
        {"file": "more.tsv", "weight": 1},
        {"file": "train.tsv", "name": "end", "weight": 1, "max_repeats": 1, "from_step": 6},
    ]
    content["evaluation"] = {"metrics": ["bleu"]}
    content["training"] |= {"logging_steps": 1, "gradient_accumulation_steps": 2}
    content["export"] = "none"
    tiny_recipe.write_text(yaml.safe_dump(content), encoding="utf-8")
    return tiny_recipe


def record_batches(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, Any]]:
    """Return a list that gets the number of steps before each batch, and its sources."""
    compute, seen = T5TuneTrainer.compute_loss, list[tuple[int, Any]]()

    def record(self: T5TuneTrainer, model: Any, inputs: Any, **keywords: Any) -> Any:
        seen.append((self.state.global_step, inputs["input_ids"].tolist()))
        return compute(self, model, inputs, **keywords)

    monkeypatch.setattr(T5TuneTrainer, "compute_loss", record)
    return seen


def steps(run: Path) -> list[tuple[int, float, float]]:
    """Return step, loss and norm of the gradient of each step that the run has logged."""
    logged = [line for line in read_log(run / "log.jsonl") if "loss" in line]
    return [(line["step"], line["loss"], line["grad_norm"]) for line in logged]


def test_a_mixture_trains_continues_after_a_kill_and_names_what_has_changed(
    t5tune: RunCommand, recipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(*options: str) -> dict[str, Any]:
        shown: dict[str, Any] = json.loads(t5tune("data", recipe, "--json", *options).out)
        return shown

    def count_tokens(shown: dict[str, Any]) -> list[tuple[int, bool]]:
        return [
            (split[side]["num_tokens"], split[side]["is_estimate"])
            for split in shown["splits"][:3]
            for side in ("source", "target")
        ]

    assert [is_estimate for _, is_estimate in count_tokens(look("--rows", "40"))] == [
        True, True, False, False, True, True,
    ]  # fmt: skip
    seen = record_batches(monkeypatch)
    trained = t5tune("train", recipe)
    assert trained.code == 0, trained.err
    whole = look()
    assert count_tokens(look("--rows", "40")) == count_tokens(whole)  # from the stores
    assert whole["mixture"] == read_object(Path("runs/tiny/environment.json"))["mixture"]
    for line in (
        "data.train[1] (more.tsv): 40 training examples",
        "data: 10 validation, 13 test",
        "mixture: train.tsv 75.3 % (143 of 150 examples, 0.95 times each; ",
        "mixture from step 6: more.tsv 50.0 % (95 of 40 examples, 2.38 times each; ",
    ):
        assert trained.err.count(line) == 1, trained.err
    run = Path("runs/tiny")
    assert len([path for path in Path("cache/tokens").iterdir() if path.is_dir()]) == 2
    report = json.loads((run / "eval/test/report.json").read_text(encoding="utf-8"))
    (section,) = (one for one in report["beside"] if one["name"] == "mixture")
    first, second = section["values"]["phases"]
    assert [one["examples_per_epoch"] for one in first["entries"]] == [143, 47]
    assert [one["name"] for one in second["entries"]] == ["more.tsv", "end"]
    assert sum(one["token_share"] for one in first["entries"]) == pytest.approx(1)

    uninterrupted, expected, order = Path("uninterrupted"), steps(run), seen.copy()
    run.rename(uninterrupted)
    # Between the change of the mixture and the next checkpoint.
    environment = {**os.environ, "KILL_AFTER": "7", "PYTHONPATH": str(KILLED_IN_STEP)}
    killed = forks.run([sys.executable, "-m", "t5tune", "train", str(recipe)], env=environment)
    assert killed.returncode == -signal.SIGKILL
    assert steps(run) == expected[: len(steps(run))]
    seen.clear()
    resumed = t5tune("train", recipe)
    assert resumed.code == 0, resumed.err
    assert "resuming from runs/tiny/checkpoints/checkpoint-4" in resumed.err
    assert seen == order[-len(seen) :]
    assert seen[0][0] == 4
    assert steps(run) == expected
    assert same_weights(run, uninterrupted)

    shutil.rmtree(run / "model")
    with Path("more.tsv").open("a", encoding="utf-8") as stream:
        stream.write("six\tsechs\n")
    changed = t5tune("train", recipe)
    assert changed.code == 1
    assert "data.train[1] (more.tsv): not what it was when" in changed.err


def test_one_model_translates_in_both_directions(
    t5tune: RunCommand, tiny_recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    content = yaml.safe_load(tiny_recipe.read_text(encoding="utf-8"))
    content["data"] = {
        split: [{"file": f"{split}.tsv", "directions": "both"}]
        for split in ("train", "validation", "test")
    }
    content["training"] |= {"max_steps": 2, "eval_steps": 2}
    content["evaluation"] = {"metrics": ["bleu"]}
    content["export"] = "ctranslate2-float32"
    tiny_recipe.write_text(yaml.safe_dump(content), encoding="utf-8")
    trained = t5tune("train", tiny_recipe)
    assert trained.code == 0, trained.err
    assert "data.train[1] (train.tsv (de to en)): 150 training examples" in trained.err
    run = Path("runs/tiny")

    written = yaml.safe_load((run / "recipe.yaml").read_text(encoding="utf-8"))["data"]
    assert [entry["prefix"] for entry in written["train"]] == ["<2de> ", "<2en> "]
    assert [entry["prefix"] for entry in written["test"]] == ["<2de> ", "<2en> "]
    tokenizer = json.loads((run / "model/tokenizer.json").read_text(encoding="utf-8"))
    assert {"<2de>", "<2en>"} <= {one["content"] for one in tokenizer["added_tokens"]}

    log = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    (scores,) = (line["validation"] for line in log if "validation" in line)
    assert set(scores) == {"BLEU", "BLEU en-de", "BLEU de-en"}
    assert scores["BLEU"] == pytest.approx((scores["BLEU en-de"] + scores["BLEU de-en"]) / 2)
    report = json.loads((run / "eval/test/report.json").read_text(encoding="utf-8"))
    found = {one["name"]: one["values"] for one in report["beside"]}["directions"]
    assert list(found) == ["en-de", "de-en", "mean"]
    assert found["en-de"][0]["value"] == report["scores"][0]["value"]

    alone = t5tune("eval", run, "--source-lang", "de", "--json")
    assert alone.code == 0, alone.err
    back_alone = json.loads(alone.out)
    assert back_alone["scores"] == found["de-en"]
    assert back_alone["split"] == "test-de-en"
    assert "translations: 13 from the cache, 0 generated" in alone.err
    assert (run / "eval/test-de-en/hypotheses.txt").read_text() == (
        run / "eval/test/test-de-en.txt"
    ).read_text()
    exported = t5tune("eval", run, "--engine", "ctranslate2", "--json")
    sections = {one["name"]: one["values"] for one in json.loads(exported.out)["beside"]}
    assert list(sections["directions"]) == ["en-de", "de-en", "mean"]
    parity = json.loads((run / "ctranslate2-float32/parity.json").read_text(encoding="utf-8"))
    assert {name: one["num_examples"] for name, one in parity["directions"].items()} == {
        "de-en": 10
    }
    assert f"export: de-en: BLEU {parity['directions']['de-en']['ctranslate2']:.2f} " in trained.err
    refused = t5tune("eval", run, "--target-lang", "fr")
    assert refused.code == 1
    assert "(en to de, de to en); none of them was asked for" in refused.err

    card = (run / "model/README.md").read_text(encoding="utf-8")
    sizes = {"train": 150, "validation": 10, "test": 13}
    for split, size in sizes.items():
        for number in (0, 1):
            assert f"| {split}[{number}] | {split}.tsv | {size} |" in card
    assert "These directions only: `en` to `de`, `de` to `en`." in card

    translate = ["translate", "--model", run, "zwei eins"]
    asked = t5tune(*translate)
    assert asked.code == 1
    assert "(en to de, de to en); which one is wanted?" in asked.err
    back = t5tune(*translate, "--target-lang", "en")
    assert back.code == 0, back.err
    torch = t5tune(*translate, "--target-lang", "en", "--engine", "torch")
    assert torch.out == back.out
    loaded = door.load(run, engine="torch")
    both = [loaded.translate(["zwei eins"], target_lang=one)[0].text for one in ("en", "de")]
    assert both[0] == back.out.strip()
