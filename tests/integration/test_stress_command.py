"""Test hard sets and what is new in a test set, from the command to every form of the report."""

from __future__ import annotations

import json
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator

from t5tune.reporting.reports.stored_report import read_report
from tests.conftest import RunCommand
from tests.integration.test_cached_evaluation import generated
from tests.integration.test_eval_command import run, trained
from tests.integration.test_tried_settings import SCHEMA

__all__ = ["generated", "run", "trained"]  # fixtures

STRESS = "evaluation.stress=[upper, single_words, long]"


def test_hard_sets_are_in_every_form_of_a_report_and_generated_once(
    t5tune: RunCommand, run: Path, generated: list[int]
) -> None:
    assert "beside" not in json.loads((run / "eval/test/report.json").read_text())
    result = t5tune("eval", run, STRESS, "evaluation.generalization=true", "--json")
    assert result.code == 0, result.err
    assert "hard sets: 0 translations from the cache" in result.err
    assert "not compared" not in result.err
    report = json.loads(result.out)
    Draft202012Validator(json.loads(SCHEMA.read_text())).validate(report)
    assert "comparison" not in report
    (section,) = report["beside"]
    upper, words, joined = section["values"]["sets"]
    assert (upper["num_examples"], words["num_examples"], joined["num_examples"]) == (13, 5, 4)
    clean = json.loads((run / "eval/test/report.json").read_text())
    assert upper["clean_scores"][0]["value"] == clean["scores"][0]["value"]
    assert upper["scores"][0]["value"] < upper["clean_scores"][0]["value"]
    directory = next((run / "eval").glob("test-stress*"))
    lines = (directory / "stress/long.jsonl").read_text().splitlines()
    assert [json.loads(line)["origins"] for line in lines][1] == [3, 4, 5]
    for name in ("report.md", "report.html"):
        text = (directory / name).read_text()
        assert "all in capitals" in text
        assert "length of the source, compared with training" in text
    assert list((run / "cache/novelties").iterdir())
    generated.clear()
    again = t5tune("eval", run, STRESS)
    assert generated == []
    assert ", 0 generated" in again.err.split("hard sets: ")[1]
    assert "\nall in capitals\t13\tBLEU\t" in again.out


def test_an_export_translates_hard_sets_and_what_cannot_be_done_is_refused(
    t5tune: RunCommand, run: Path
) -> None:
    result = t5tune("eval", run, STRESS, "--engine", "ctranslate2", "--json")
    assert result.code == 0, result.err
    (section,) = json.loads(result.out)["beside"]
    assert [one["num_examples"] for one in section["values"]["sets"]] == [13, 5, 4]
    wrong = t5tune("eval", run, "evaluation.stress=[uper]")
    assert (wrong.code, "upper" in wrong.err) == (1, True)
    twice = t5tune("eval", run, "evaluation.stress=[upper, upper]")
    assert "a hard set is listed twice" in twice.err
    streamed = t5tune(
        "validate", "tiny.yaml", "data.train.streaming=true", "evaluation.generalization=true",
        "model.from_scratch.tokenizer.type=bytes",
    )  # fmt: skip
    assert "exclude each other: what is new" in streamed.err


def test_the_model_card_of_a_run_whose_recipe_asks_for_hard_sets_has_them(
    t5tune: RunCommand, run: Path
) -> None:
    recipe = yaml.safe_load((run / "recipe.yaml").read_text())
    recipe["evaluation"] |= {"stress": ["typos", "lower"], "generalization": True}
    (run / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    result = t5tune("eval", run)
    assert result.code == 0, result.err
    # The sources are in small letters already.
    assert "small letters\t0\tnothing to change" in result.out
    card = (run / "model/README.md").read_text()
    assert "| with errors of typing | 13 | BLEU |" in card
    report = read_report(run / "eval/test/report.json")
    assert report is not None
    assert [one.name for one in report.beside] == ["stress"]
