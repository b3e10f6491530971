"""Test every remedy as a user does: run as printed, it works and reduces its fault."""

from __future__ import annotations

import dataclasses
import json
import random
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from t5tune.files.json_values import read_log
from t5tune.recipe.loading import load_resolved_recipe
from t5tune.reporting.model_card.training_facts import describe_training
from t5tune.run.directory import RunDirectory
from t5tune.scoring.diagnosis.diagnose import diagnose
from t5tune.scoring.diagnosis.evidence import Evidence
from tests import forks
from tests.conftest import TINY, RunCommand, write_pairs, write_tiny_recipe

# A model that was taught its faults. Each source word stands for one kind; what a beam search
# prefers follows from the probabilities, which are those of the training pairs.
NUM_OF_A_KIND = 3
PAIRS_OF_A_SOURCE = 60
LOOP = "rot gelb grün"
LONG = [f"wort{i}" for i in range(20)]
MAX_NEW_TOKENS = 14


def ambiguous(rng: random.Random, num_choices: int) -> str:
    """Return eight words, the first `num_choices` of which have two variants."""
    return " ".join(
        rng.choice((f"links{i}", f"rechts{i}")) if i < num_choices else f"mitte{i}"
        for i in range(8)
    )


def faulty_pairs() -> list[tuple[str, str]]:
    rng = random.Random(7)
    pairs = []
    for number in range(NUM_OF_A_KIND):
        for i in range(PAIRS_OF_A_SOURCE):
            share = i / PAIRS_OF_A_SOURCE
            pairs += [
                (f"short {number}", "ja" if share < 0.4 else ambiguous(rng, 6)),
                (f"long {number}", "ja" if share < 0.4 else ambiguous(rng, 4)),
                # Only the end of the sequence.
                (f"empty {number}", "</s>" if share < 0.65 else ambiguous(rng, 5)),
            ]
            if i % 4 == 0:
                pairs.append((f"loop {number}", " ".join([LOOP] * 4)))
                pairs.append((f"cut {number}", " ".join(LONG)))
    return pairs


REFERENCES = {
    "short": ambiguous(random.Random(1), 6),
    "long": "ja",
    "empty": ambiguous(random.Random(1), 5),
    "loop": f"{LOOP} blau",
    "cut": " ".join(LONG),
}
FAULT_OF = {
    "short": "too_short", "long": "too_long", "empty": "empty", "loop": "loop",
    "cut": "hit_length_limit",
}  # fmt: skip
SETTING_OF = {
    "short": "decoding.length_penalty=1.2", "long": "decoding.length_penalty=0.8",
    "empty": "decoding.length_penalty=1.2", "loop": "decoding.no_repeat_ngram_size=3",
    "cut": "decoding.max_new_tokens=32",
}  # fmt: skip


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a finished run of the faulty model."""
    folder = tmp_path_factory.mktemp("taught")
    write_pairs(folder, "train", faulty_pairs())
    right = [(f"{kind} {i}", text) for kind in ("loop",) for i in range(3)
             for text in [" ".join([LOOP] * 4)]]  # fmt: skip
    write_pairs(folder, "validation", right)
    write_pairs(folder, "test", right)
    recipe: dict[str, Any] = json.loads(json.dumps(TINY))
    recipe["name"] = "taught"
    recipe["model"]["from_scratch"] |= {"d_model": 32, "d_ff": 64}
    recipe["model"]["config"] = {"dropout_rate": 0.0}
    recipe["training"] |= {
        "max_steps": 400, "eval_steps": 100, "tokens_per_batch": 1000,
        "label_smoothing_factor": 0.0, "logging_steps": 100,
    }  # fmt: skip
    recipe["decoding"] = {"num_beams": 4, "max_new_tokens": MAX_NEW_TOKENS}
    recipe["export"] = "none"
    (folder / "taught.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")
    for kind, reference in REFERENCES.items():
        sources = "".join(f"{kind} {i}\n" for i in range(NUM_OF_A_KIND))
        (folder / f"{kind}.en").write_text(sources)
        (folder / f"{kind}.de").write_text(f"{reference}\n" * NUM_OF_A_KIND)
    command = [sys.executable, "-m", "t5tune", "train", "taught.yaml"]
    forks.run(command, check=True, cwd=folder, text=True)
    return folder


@pytest.fixture
def here(taught: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(taught, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return Path("runs/taught")


def finding_of(report: Mapping[str, Any], name: str) -> dict[str, Any]:
    finding: dict[str, Any] = next(one for one in report["findings"] if one["name"] == name)
    return finding


def typed(remedy: str) -> list[str]:
    """Return the arguments of a remedy that is a command, as a shell reads them."""
    words = shlex.split(remedy, comments=True)
    assert words[0] == "t5tune"
    return words[1:]


def evaluate(t5tune: RunCommand, *arguments: str | Path) -> dict[str, Any]:
    result = t5tune(*arguments, "--json")
    assert result.code == 0, result.err
    report: dict[str, Any] = json.loads(result.out)
    return report


@pytest.mark.parametrize("kind", REFERENCES)
def test_decoding_as_proposed_reduces_the_fault(kind: str, t5tune: RunCommand, here: Path) -> None:
    files = ("--source", f"{kind}.en", "--reference", f"{kind}.de")
    before = evaluate(t5tune, "eval", here, *files)
    assert finding_of(before, "undertrained")["num_found"] == 0
    fault = finding_of(before, FAULT_OF[kind])
    assert fault["num_found"] == NUM_OF_A_KIND
    command = typed(fault["remedy"])
    assert command[:2] == ["eval", "runs/taught"]
    assert SETTING_OF[kind] in command
    after = evaluate(t5tune, *command)
    assert finding_of(after, FAULT_OF[kind])["num_found"] < NUM_OF_A_KIND
    assert after["comparison"]["baseline"] == "stored"


def last_validation(run: Path) -> float:
    lines = [line for line in read_log(run / "log.jsonl") if "validation" in line]
    return float(lines[-1]["validation"]["chrF2++"])


LIMITS: dict[str, tuple[list[str], str]] = {
    "steps": (["training.max_steps=12"], "training.max_steps=48"),
    "epochs": (
        ["training.max_steps=null", "training.num_train_epochs=1"],
        "training.num_train_epochs=4",
    ),
    # The time is up after one step.
    "minutes": (["training.max_minutes=1e-5", "training.max_steps=40"], "training.max_minutes="),
    # Validations of a model that does not learn are no better than the first one.
    "patience": (
        ["training.max_steps=40", "training.eval_steps=2", "training.early_stopping_patience=1",
         "training.learning_rate=1e-12"],
        "training.early_stopping_patience=",
    ),
}  # fmt: skip


@pytest.mark.parametrize("limit", LIMITS)
def test_an_undertrained_run_continues_as_proposed(
    limit: str, t5tune: RunCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings, setting = LIMITS[limit]
    recipe = write_tiny_recipe(tmp_path)
    report = evaluate(t5tune, "train", recipe, "export=none", *settings)
    # Sentences of a few number words are nearly the same in all sets: that is said before it.
    findings = [one for one in report["findings"] if one["name"] != "leaked"]
    first = findings[0]
    assert (first["name"], first["is_notable"]) == ("undertrained", True)
    others = [one["remedy"] for one in findings[1:] if one["num_found"]]
    assert others
    assert all(remedy.startswith("train longer first") for remedy in others)
    run = Path("runs/tiny")
    before, chrf = read_log(run / "log.jsonl")[-1]["step"], last_validation(run)
    command = typed(first["remedy"])
    assert command[:2] == ["train", "runs/tiny"]
    assert command[2].startswith(setting)
    result = t5tune(*command)
    assert result.code == 0, result.err
    assert f"resuming from runs/tiny/checkpoints/checkpoint-{before}" in result.err
    assert read_log(run / "log.jsonl")[-1]["step"] > before
    if limit in ("steps", "epochs"):
        assert last_validation(run) > chrf
    report_page = (run / "eval/test/report.html").read_text(encoding="utf-8")
    assert "runs/tiny" in report_page


def test_tokens_that_are_bytes_as_proposed(
    t5tune: RunCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes spell the names and tokens that the old vocabulary lacked."""
    from transformers import AutoTokenizer

    monkeypatch.chdir(tmp_path)
    recipe = write_tiny_recipe(tmp_path)
    quick = ["export=none", "training.max_steps=4", "training.eval_steps=4"]
    unigram = ["model.from_scratch.tokenizer.type=unigram",
               "model.from_scratch.tokenizer.vocab_size=40"]  # fmt: skip
    assert t5tune("train", recipe, *quick, *unigram).code == 0
    run = RunDirectory(Path("runs/tiny"))
    trained = describe_training(run, load_resolved_recipe(run.recipe), model_type="t5")
    trained = dataclasses.replace(trained, validations=None)  # counts as trained long enough
    source, reference = "Mr Okafor counts 4711 nets", "Herr Okafor zählt 4711 Netze"
    findings = diagnose(
        Evidence(
            ["Herr Mann zählt <unk> Netze"] * 2,
            [[reference]] * 2,
            sources=[source] * 2,
            source_lang="en",
            target_lang="de",
            run=trained,
        )
    )
    remedies = {one.name: one.remedy for one in findings if one.num_found}
    assert set(remedies) >= {"unknown_tokens", "names_lost", "numbers_lost"}
    commands = {tuple(typed(str(remedy))) for remedy in remedies.values()}
    (command,) = commands
    assert reference not in AutoTokenizer.from_pretrained(run.model).decode(
        AutoTokenizer.from_pretrained(run.model)(reference).input_ids
    )
    result = t5tune(*command)
    assert result.code == 0, result.err
    spelling = AutoTokenizer.from_pretrained("runs/tiny-2/model")
    assert spelling.decode(spelling(reference).input_ids, skip_special_tokens=True) == reference


def test_longer_targets_as_proposed(
    t5tune: RunCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Training cut targets to four tokens, so every hypothesis is short."""
    monkeypatch.chdir(tmp_path)
    text = " ".join(f"langeswort{i}" for i in range(12))
    write_tiny_recipe(tmp_path)
    pairs = [(f"one {word}", text) for word in ("two", "three", "four")]
    for split in ("train", "validation", "test"):
        write_pairs(tmp_path, split, pairs * (20 if split == "train" else 1))
    quick = ["export=none", "training.max_steps=60", "training.eval_steps=20"]
    report = evaluate(t5tune, "train", "tiny.yaml", *quick, "data.max_target_length=4")
    # The remedy follows `train longer first`, because nothing longer than four tokens can be right.
    remedy = finding_of(report, "too_short")["remedy"].rpartition("if the fault remains: ")[2]
    command = typed(remedy)
    assert command[:2] == ["train", "runs/tiny"]
    assert "--restart" in command
    assert int(next(one for one in command if "max_target" in one).partition("=")[2]) >= 13
    again = evaluate(t5tune, *command)
    before, after = (finding_of(one, "too_short")["num_found"] for one in (report, again))
    assert after < before == 3
