"""Test that every command still accepts a run of version 0.1.0, as that version left it.

`tests/data/old_run.tar.gz` holds a recipe of ninety short pairs of the phrasebook, its run of two
checkpoints with report and export, and no cache. It was trained elsewhere: its recipe is told where
its data are now.
"""

from __future__ import annotations

import json
import shutil
import tarfile
from pathlib import Path

import pytest
import torch

from t5tune.files.json_values import read_log
from tests.conftest import RunCommand
from tests.weights import weights

ARCHIVE = Path(__file__).parent.parent / "data" / "old_run.tar.gz"
WHERE_TRAINED = "/tmp/phrasebook/"  # nothing may depend on what lies there now
RUN = Path("runs/phrasebook")
REPORT = RUN / "eval" / "test" / "report.json"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the folder of the recipe and its run the current directory."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path, filter="data")
    recipe = tmp_path / RUN / "recipe.yaml"
    text = recipe.read_text(encoding="utf-8")
    assert WHERE_TRAINED in text
    recipe.write_text(text.replace(WHERE_TRAINED, f"{tmp_path}/"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)


def read_sources() -> list[str]:
    rows = Path("test.tsv").read_text(encoding="utf-8").splitlines()[1:]
    return [row.split("\t")[0] for row in rows]


def test_it_counts_as_finished(t5tune: RunCommand) -> None:
    before = {path: path.read_bytes() for path in RUN.rglob("*") if path.is_file()}
    for recipe in ("phrasebook.yaml", str(RUN)):
        result = t5tune("train", recipe)
        assert result.code == 0, result.err
        assert f"this run is finished: {RUN}" in result.err
    assert before == {path: path.read_bytes() for path in RUN.rglob("*") if path.is_file()}
    changed = t5tune("train", "phrasebook.yaml", "training.seed=7")
    assert changed.code == 1
    assert "these keys differ: training.seed." in changed.err


def test_it_is_intact(t5tune: RunCommand) -> None:
    result = t5tune("verify", RUN)
    assert result.code == 0, result.out + result.err
    assert result.out.count("ok ") == 5, "two checkpoints, the model, a translation and the export"


def test_it_translates_as_it_did(t5tune: RunCommand) -> None:
    stored = (RUN / "eval" / "test" / "hypotheses.txt").read_text(encoding="utf-8")
    result = t5tune("translate", "--engine", "torch", *read_sources())
    assert result.code == 0, result.err
    assert result.out == stored
    exported = t5tune("translate", "--engine", "ctranslate2", *read_sources())
    assert exported.code == 0, exported.err
    assert len(exported.out.splitlines()) == 20


def test_it_evaluates_to_the_stored_scores(t5tune: RunCommand) -> None:
    before = json.loads(REPORT.read_text(encoding="utf-8"))
    result = t5tune("eval", RUN, "--json", "--output-dir", "again")
    assert result.code == 0, result.err
    report = json.loads(result.out)
    assert report["num_examples"] == 20
    assert report["scores"] == before["scores"]
    assert [score["name"] for score in report["scores"]] == ["BLEU", "chrF2++"]
    compared = t5tune("compare", RUN, Path("again"))
    assert compared.code == 0, compared.err


def test_other_settings_are_compared_with_its_report_of_version_2(t5tune: RunCommand) -> None:
    assert json.loads(REPORT.read_text(encoding="utf-8"))["schema_version"] == 2
    result = t5tune("eval", RUN, "decoding.num_beams=1", "--json")
    assert result.code == 0, result.err
    report = json.loads(result.out)
    assert report["schema_version"] == 3
    assert report["comparison"]["baseline"] == "stored"


def test_it_exports(t5tune: RunCommand) -> None:
    shutil.rmtree(RUN / "ctranslate2-int8")
    result = t5tune("export", RUN)
    assert result.code == 0, result.err
    assert (RUN / "ctranslate2-int8" / "model.bin").is_file()


def test_an_unfinished_copy_resumes(t5tune: RunCommand) -> None:
    """Cut off after its first checkpoint, the copy ends with the same weights as the run."""
    expected, log = weights(RUN), read_log(RUN / "log.jsonl")
    for name in ("model", "eval", "ctranslate2-int8", "checkpoints/checkpoint-600"):
        shutil.rmtree(RUN / name)
    result = t5tune("train", "phrasebook.yaml")
    assert result.code == 0, result.err
    assert f"resuming from {RUN}/checkpoints/checkpoint-300" in result.err
    rates, before = (
        {line["step"]: line["learning_rate"] for line in lines if "loss" in line}
        for lines in (read_log(RUN / "log.jsonl"), log)
    )
    assert rates == before
    assert set(rates) == set(range(50, 601, 50))
    for name, weight in weights(RUN).items():
        # The weights are bit-identical only on the same kind of processor.
        torch.testing.assert_close(weight, expected.pop(name), rtol=0, atol=0.02)
    assert not expected
    assert REPORT.is_file()
