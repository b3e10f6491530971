"""Test the card of a trained model: its statements are true, and its code runs."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import huggingface_hub
import pytest
from huggingface_hub import ModelCard
from transformers import T5Config, T5ForConditionalGeneration, T5Tokenizer

from t5tune.run.directory import RunDirectory
from t5tune.run.manifest import find_damage, read_manifest, write_manifest
from tests.conftest import REPOSITORY, RunCommand, number_pairs, write_tiny_recipe
from tests.integration.test_eval_command import run, trained
from tests.integration.test_model_families import save_tiny_model

__all__ = ["run", "trained"]  # fixtures


def code_blocks(run: Path, language: str) -> list[str]:
    text = (run / "model/README.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)\n```$", text, re.DOTALL | re.MULTILINE)


def run_python(*runs: Path) -> list[str]:
    """Return what the cards' Python examples print, in one new interpreter without network."""
    programs = []
    for trained_run in runs:
        (python,) = code_blocks(trained_run, "python")
        programs.append((str(trained_run.resolve() / "model"), python))
    each = "import os\nfor folder, code in {}:\n    os.chdir(folder)\n    exec(code, {{}})\n"
    done = subprocess.run(
        [sys.executable, "-c", each.format(programs)],
        env={**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(REPOSITORY)},
        capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [line.strip() for line in done.stdout.splitlines()]


def run_python_here(
    run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> str:
    """Return what the card's Python example prints, without network."""
    (python,) = code_blocks(run, "python")
    with monkeypatch.context() as patch:
        patch.chdir(run / "model")
        patch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
        capsys.readouterr()
        exec(python, {})
    return capsys.readouterr().out.strip()


def run_command(t5tune: RunCommand, run: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return what the card's command prints, without network, in the card's directory."""
    (shell,) = code_blocks(run, "sh")
    command, *arguments = shlex.split(shell)
    assert command == "t5tune"
    with monkeypatch.context() as patch:
        patch.chdir(run / "model")
        patch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
        result = t5tune(*arguments)
    assert result.code == 0, result.err
    return result.out.strip()


def test_the_card_of_a_trained_run(
    run: Path,
    trained: Path,
    t5tune: RunCommand,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    card = ModelCard.load(run / "model/README.md")
    report = json.loads((run / "eval/test/report.json").read_text())
    assert card.data.eval_results is not None
    assert [(result.metric_name, result.metric_value) for result in card.data.eval_results] == [
        (score["name"], round(score["value"], 2)) for score in report["scores"]
    ]
    assert card.data.language == ["en", "de"]
    assert str(trained) not in card.content
    smoke = json.loads((run / "model/smoke.json").read_text())
    assert run_python_here(run, capsys, monkeypatch) == smoke["hypothesis"]
    assert run_command(t5tune, run, monkeypatch) == smoke["hypothesis"]


def test_the_card_follows_the_runs_own_evaluation_alone(t5tune: RunCommand, run: Path) -> None:
    card = run / "model/README.md"
    before = card.read_text()
    card.write_text("mine")
    sources, references = zip(*number_pairs(3, 300), strict=True)
    Path("test.en").write_text("\n".join(sources) + "\n")
    Path("test.de").write_text("\n".join(references) + "\n")
    report = (run / "eval/test/report.json").read_text()
    for arguments in (
        ["--num-beams", "1"], ["--metric", "wer"], ["--split", "validation"],
        ["--source", "test.en", "--reference", "test.de"], ["--output-dir", "elsewhere"],
        ["--recipe", "tiny.yaml"],
    ):  # fmt: skip
        result = t5tune("eval", run, *arguments)
        assert result.code == 0, result.err
        assert card.read_text() == "mine", arguments
        assert (run / "eval/test/report.json").read_text() == report
    assert (run / "eval/test.en/report.json").is_file()
    assert t5tune("eval", run).code == 0
    assert card.read_text() == before.replace("name: trained", "name: tiny")


def test_an_edited_card_is_not_damage(t5tune: RunCommand, run: Path) -> None:
    model = RunDirectory(run).model
    card = RunDirectory(run).model_card
    assert card.is_file()
    assert t5tune("verify", run).code == 0
    shutil.rmtree(run / "ctranslate2-int8")  # a new manifest makes it another model
    # The manifest comes first and the card later, or the other way round after a kill during its
    # writing.
    card.write_text("other")
    assert t5tune("verify", run).code == 0
    left_behind = card.with_name("README.md.123.tmp")
    left_behind.write_text("half of")
    write_manifest(model, {})
    assert "README.md" not in " ".join((read_manifest(model) or {})["files"])
    assert find_damage(model) is None
    left_behind.unlink()
    card.unlink()
    assert find_damage(model) is None
    assert t5tune("eval", run).code == 0
    assert card.is_file()
    assert t5tune("verify", run).code == 0
    assert t5tune("eval", run).err.count("13 from the cache") == 1  # still the same model


def test_the_code_of_other_families_runs(
    t5tune: RunCommand, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hypotheses = {}
    for family in ("bart", "nllb", "t5"):
        run = train_family(family, tmp_path / family, t5tune, monkeypatch)
        text = (run / "model/README.md").read_text()
        assert str(tmp_path) not in text
        assert "`base`" in text
        assert ("translate English to German: " in text) == (family == "t5")
        hypotheses[run] = json.loads((run / "model/smoke.json").read_text())["hypothesis"]
        assert hypotheses[run], family
        assert run_command(t5tune, run, monkeypatch) == hypotheses[run]
    assert run_python(*hypotheses) == list(hypotheses.values())


def train_family(
    family: str, folder: Path, t5tune: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Return the run of a tiny pretrained model that has learned to say something."""
    folder.mkdir()
    monkeypatch.chdir(folder)
    recipe = write_tiny_recipe(folder)
    if family == "t5":  # with its prefix
        texts = [text for pair in number_pairs(40) for text in pair]
        texts.append("translate English to German: ")
        tokenizer = T5Tokenizer(extra_ids=0).train_new_from_iterator(texts, vocab_size=60)
        config = T5Config(
            vocab_size=len(tokenizer), d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2,
            decoder_start_token_id=0,
        )  # fmt: skip
        T5ForConditionalGeneration(config).save_pretrained("base")
        tokenizer.save_pretrained("base")
    else:
        save_tiny_model(family, folder / "base")
    result = t5tune(
        "train", recipe, "model.from_scratch=null", "model.name=./base", "training.max_steps=300",
        "training.eval_steps=150", "training.learning_rate=0.01",
    )  # fmt: skip
    assert result.code == 0, result.err
    return Path("runs/tiny").resolve()
