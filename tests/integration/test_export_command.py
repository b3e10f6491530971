"""Test exports: making, comparing, choosing and refusing them, and their fast start."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForSeq2SeqLM

from t5tune.decoding.opening import load
from t5tune.decoding.torch_translator import TorchTranslator
from t5tune.decoding.translator import DecodingOptions
from t5tune.run.manifest import read_fact, write_manifest
from tests.conftest import REPOSITORY, RunCommand, TrainOnce

RUN = Path("runs/tiny")
EXPORT = RUN / "ctranslate2-int8"


@pytest.fixture(scope="session")
def finished(train_once: TrainOnce) -> Path:
    """Return a folder with a finished run of the tiny recipe."""
    settings = ("training.max_steps=120", "training.eval_steps=60", "training.learning_rate=0.02")
    return train_once(*settings)


def environment() -> dict[str, str]:
    return {"PYTHONPATH": str(REPOSITORY), "PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1"}


@pytest.fixture
def run_copy(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copy the run into its own directory; its recipe refers to the same data."""
    import shutil

    shutil.copytree(finished / "runs", tmp_path / "runs")
    monkeypatch.chdir(tmp_path)
    return tmp_path / RUN


def change_weights(run: Path) -> None:
    """Replace the model by another one, saved as training saves it."""
    model = AutoModelForSeq2SeqLM.from_pretrained(run / "model")
    model.shared.weight.data.mul_(1.01)
    facts = {key: read_fact(run / "model", key) for key in ("recipe_sha256", "data_sha256")}
    model.save_pretrained(run / "model")
    write_manifest(run / "model", facts)


def test_training_ends_with_an_export_that_translate_uses(
    t5tune: RunCommand, run_copy: Path
) -> None:
    parity = json.loads((EXPORT / "parity.json").read_text(encoding="utf-8"))
    assert parity["num_examples"] == 10
    assert parity["metric"] == "BLEU"
    assert parity["signature"].startswith("nrefs:1|")
    assert parity["may_be_default"] is (parity["lost"] <= 0.3)
    assert parity["lost"] == parity["torch"] - parity["ctranslate2"]
    assert 0.5 <= parity["identical"] <= 1
    assert 0.01 < parity["speed_ratio"] < 10_000
    by_default = t5tune("translate", "one two three", "", "five four")
    assert by_default.code == 0, by_default.err
    assert "engine: ctranslate2-int8" in by_default.err
    by_torch = t5tune("translate", "--engine", "torch", "one two three", "", "five four")
    assert "engine: torch (cpu)" in by_torch.err
    assert by_default.out == by_torch.out
    assert by_default.out.split("\n")[1] == ""
    assert by_default.out.strip()
    alone = t5tune("translate", "--model", EXPORT, "one two three", "", "five four")
    assert alone.out == by_default.out  # the directory is sufficient


def test_torch_computes_in_bf16_on_request(t5tune: RunCommand, run_copy: Path) -> None:
    result = t5tune("translate", "--engine", "torch-bf16", "one two three", "", "five four")
    assert result.code == 0, result.err
    assert "engine: torch-bf16 (cpu)" in result.err
    assert len(result.out.splitlines()) == 3
    translator = load(str(RUN), engine="torch-bf16").translator
    assert isinstance(translator, TorchTranslator)
    assert {parameter.dtype for parameter in translator.model.parameters()} == {torch.bfloat16}
    [scored] = translator.translate_n_best(["one two three"], DecodingOptions(12))
    assert all(hypothesis.score is not None for hypothesis in scored)
    refused = t5tune("eval", "--engine", "torch-bf16")
    assert refused.code == 1
    assert "--engine torch-bf16 works only with t5tune translate" in refused.err


def test_an_export_of_other_weights_is_recognized(t5tune: RunCommand, run_copy: Path) -> None:
    change_weights(run_copy)
    by_default = t5tune("translate", "one two")
    assert "engine: torch" in by_default.err
    assert f"not used: {EXPORT} was made from other weights: t5tune export {RUN}" in by_default.err
    asked_for = t5tune("translate", "--engine", "ctranslate2", "one two")
    assert asked_for.code == 1
    assert "made from other weights" in asked_for.err
    verified = t5tune("verify", RUN)
    assert verified.code == 1
    assert f"bad  {EXPORT}  export: made from other weights" in verified.out
    assert f"try: t5tune export {RUN}" in verified.err


def test_export_measures_writes_and_names(t5tune: RunCommand, run_copy: Path) -> None:
    result = t5tune("export", "--quantization", "float32", "--json")
    assert result.code == 0, result.err
    found = json.loads(result.out)
    assert found["path"] == str(RUN / "ctranslate2-float32")
    assert found["identical"] == 1.0
    assert found["lost"] == 0.0
    again = t5tune("export", "--quantization", "float32")
    assert again.code == 0
    assert "100% of the hypotheses identical" in again.err
    assert not list(RUN.glob("*.tmp"))
    elsewhere = t5tune("export", "--output-dir", "mine")
    assert elsewhere.code == 0, elsewhere.err
    assert (Path("mine") / "model.bin").is_file()
    Path("other").mkdir()
    sooner = t5tune("export", "--patience", "1", "--json")
    assert sooner.code == 0, sooner.err
    assert json.loads(sooner.out)["decoding"]["patience"] == 1.0
    assert json.loads((EXPORT / "t5tune.json").read_text(encoding="utf-8"))["patience"] == 1.0
    assert "--patience" in t5tune("export", "--patience", "0.5").err
    refused = t5tune("export", "--output-dir", "other")
    assert refused.code == 1
    assert "other exists and is not an export." in refused.err
    assert t5tune("verify", RUN).code == 0


def test_an_export_that_loses_too_much_is_not_a_default(
    t5tune: RunCommand, run_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from t5tune.decoding.export import parity

    monkeypatch.setattr(parity, "MAX_LOSS", -200.0)
    result = t5tune("export")
    assert result.code == 0
    assert f"t5tune export {RUN} --quantization float32" in result.err
    by_default = t5tune("translate", "one two")
    assert "engine: torch" in by_default.err
    assert f"not used: {EXPORT} loses too much" in by_default.err
    asked_for = t5tune("translate", "--engine", "ctranslate2-int8", "one two")
    assert "engine: ctranslate2-int8" in asked_for.err


def test_eval_scores_an_export(t5tune: RunCommand, run_copy: Path) -> None:
    result = t5tune("eval", "--engine", "ctranslate2-int8", "--json")
    assert result.code == 0, result.err
    report = json.loads(result.out)
    assert report["engine"] == "ctranslate2-int8"
    assert report["num_examples"] == 13
    assert (RUN / "eval" / "test-ctranslate2-int8" / "report.json").is_file()
    of_torch = json.loads((RUN / "eval" / "test" / "report.json").read_text(encoding="utf-8"))
    assert of_torch["engine"] == "torch"
    assert [score["name"] for score in report["scores"]] == [
        score["name"] for score in of_torch["scores"]
    ]


def test_refusals_are_one_sentence(t5tune: RunCommand, run_copy: Path) -> None:
    for arguments, message in (
        (("export", "--quantization", "int9"), "int9 does not exist; did you mean int8?"),
        (("export", "--quantization", "float16"), "float16 is not available on this CPU"),
        (("export", "nothing"), "nothing is not a run; runs/ holds tiny."),
        (("export", "runs"), "runs is not a finished run."),
        (("translate", "--engine", "torhc", "x"), "there is no engine torhc; did you mean torch?"),
        (("translate", "--engine", "ctranslate2-float32", "x"), "runs/tiny has no such export"),
    ):
        result = t5tune(*arguments)
        assert result.code == 1, arguments
        assert message in result.err
        assert "Traceback" not in result.err
    (EXPORT / "model.bin").write_bytes(b"cut off")
    result = t5tune("translate", "--engine", "ctranslate2", "x")
    assert result.code == 1
    assert "model.bin has 7 bytes instead of" in result.err
    assert "engine: torch" in t5tune("translate", "one").err
    weights = RUN / "model" / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    damaged = t5tune("export", RUN)
    assert damaged.code == 1
    assert "model.safetensors has changed since it was written." in damaged.err


def test_a_recipe_may_switch_exports_off_and_a_failed_export_does_not_end_training(
    t5tune: RunCommand, tiny_recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert t5tune("train", tiny_recipe, "export=none").code == 0
    assert not EXPORT.exists()
    # Requested later, without training again; this machine's CPU has no float16.
    result = t5tune("train", tiny_recipe, "export=ctranslate2-float16", "training.max_steps=12")
    assert result.code == 0, result.err
    assert "export: not made, t5tune translate uses torch: float16 is not" in result.err
    assert f"t5tune export {RUN} --quantization float16" in result.err


def test_an_exported_run_translates_without_torch_and_transformers(run_copy: Path) -> None:
    check = (
        "import sys\n"
        "from t5tune.cli.app import main\n"
        "sys.argv = ['t5tune', 'translate', 'one two three']\n"
        "try:\n"
        "    main()\n"
        "except SystemExit as end:\n"
        "    assert not end.code, end.code\n"
        "print([name for name in ('torch', 'transformers', 'datasets') if name in sys.modules])\n"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, text=True, env=environment()
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stderr
    assert "engine: ctranslate2-int8" in done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
    # Seconds of one core; importing torch and Transformers takes five.
    assert after.ru_utime - before.ru_utime < 2
