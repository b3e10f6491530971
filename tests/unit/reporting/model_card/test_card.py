from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from huggingface_hub import ModelCard, metadata_load
from markdown_it import MarkdownIt
from safetensors.numpy import save_file

from t5tune.recipe.resolved_recipe import ResolvedRecipe
from t5tune.recipe.schema import Recipe
from t5tune.reporting.markdown import escape
from t5tune.reporting.model_card.card import build_model_card, write_model_card
from t5tune.reporting.model_card.facts import is_hub_id, portable_recipe, read_facts
from t5tune.reporting.reports.leak_sentences import describe_leak, find_clean_score
from t5tune.reporting.reports.report import Report
from t5tune.run.directory import RunDirectory
from t5tune.scoring.diagnosis.findings import Finding
from t5tune.scoring.score import Score
from tests.tiny_sections import resolved
from tests.unit.reporting.reports.test_leak_sentences import report_of

ENTRY = {"hub": "wmt/wmt14", "config": "de-en", "split": "test", "revision": "abc"}
RECIPE: dict[str, Any] = {
    "name": "tiny",
    "task": "translation",
    "source_lang": "eng_Latn",
    "target_lang": "de",
    "model": {"name": "google-t5/t5-small"},
    "data": dict.fromkeys(("train", "validation", "test"), ENTRY),
}
SCORES = (
    Score("BLEU", 27.3456, "nrefs:1|case:mixed", (26.04, 28.5)),
    Score("chrF2++", 54.1, "nrefs:1"),
    Score("TER", 50.0, "nrefs:1"),
    Score("ROUGE-L", 30.0, "nrefs:1"),
    Score("exact_match", 0.0, "nrefs:1"),
    Score("token_F1", 60.0, "nrefs:1"),
    Score("WER", 101.5, "nrefs:1"),
    Score("CER", 9.0, "nrefs:1"),
)
HOSTILE = "a|b `c` <script>alert(1)</script>\n```\n# title [x](http://y) ``` --- $z$ *w*"


def report(**changes: Any) -> Report:
    values: dict[str, Any] = {
        "run": "tiny", "split": "test", "num_examples": 3003, "engine": "torch",
        "decoding": {"num_beams": 4, "max_new_tokens": 128}, "scores": SCORES,
        "length_limited": 7, "best": (), "worst": (), "example_metric": "BLEU", "weights": "step 5",
    }  # fmt: skip
    return Report(**{**values, **changes})


def recipe(**changes: Any) -> ResolvedRecipe:
    return resolved(Recipe.model_validate({**RECIPE, **changes}))


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    """Write the files of a run that a card reads."""
    run = RunDirectory(tmp_path / "tiny")
    run.model.mkdir(parents=True)
    settings = {"prefix": "translate English to German: ", "max_source_length": 64}
    write(run.model / "config.json", {"model_type": "t5", "t5tune": settings})
    write(run.smoke, {"source": "It's 5 o'clock.", "hypothesis": "Es ist 5 Uhr.", "device": "cpu"})
    versions = {"t5tune": "0.1.0", "torch": "2.13.0", "numpy": "2"}
    environment = {
        "python": "3.11.7", "versions": versions, "platform": "Linux-host", "num_processes": 2,
        "num_cpu_threads": 4, "accelerators": ["H100", "H100"], "num_examples": {"train": 4500},
    }  # fmt: skip
    write(run.environment, environment)
    run.log.write_text('{"step": 10}\n{"step": 20, "elapsed_seconds": 90.0}\n')
    save_file({"a": np.zeros((3, 4), np.float32)}, run.model / "model.safetensors")
    return run


def write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")


def test_the_hub_reads_back_every_score(run: RunDirectory) -> None:
    write_model_card(run, recipe(), report())
    card = ModelCard.load(run.model_card)
    assert metadata_load(run.model_card) == card.data.to_dict()
    assert card.data.language == ["eng", "de"]
    assert card.data.library_name == "transformers"
    assert card.data.pipeline_tag == "translation"
    assert card.data.tags == ["t5tune", "translation", "t5"]
    assert card.data.datasets == ["wmt/wmt14"]
    assert card.data.base_model == "google-t5/t5-small"
    assert card.data.get("license") is None
    assert card.data.metrics == [
        "bleu", "chrf", "ter", "rouge", "exact_match", "f1", "wer", "cer",
    ]  # fmt: skip
    assert card.data.model_name == "tiny"
    results = card.data.eval_results
    assert results is not None
    assert [(r.metric_name, r.metric_value) for r in results] == [
        (score.name, round(score.value, 2)) for score in SCORES
    ]
    assert [r.metric_args["signature"] for r in results if r.metric_args] == [
        score.signature for score in SCORES
    ]
    assert results[0].metric_args["confidence_interval"] == [26.04, 28.5]  # type: ignore[index]
    assert {r.verified for r in results} == {False}
    assert {(r.task_type, r.dataset_type, r.dataset_name, r.dataset_config, r.dataset_split,
             r.dataset_revision) for r in results} == {
        ("translation", "wmt/wmt14", "wmt/wmt14", "de-en", "test", "abc")
    }  # fmt: skip
    # Reading and writing by the library changes nothing.
    again = ModelCard(f"---\n{card.data.to_yaml()}\n---\n{card.text}")
    assert again.data.to_dict() == card.data.to_dict()
    assert again.data.eval_results == results


def test_the_body_tells_scores_data_and_circumstances(run: RunDirectory) -> None:
    findings = [
        Finding("a", "copied the source", 12, 3003, is_notable=True),
        Finding("b", "is empty", 1, 3003),
    ]
    told = replace(report(), findings=tuple(findings))
    text = ModelCard(build_model_card(run, recipe(), told)).text
    for expected in (
        "| BLEU | 27.35 | 26.04 to 28.50 | `nrefs:1\\|case:mixed` |",
        "| chrF2++ | 54.10 | not estimated |",
        "3,003 examples of the test split",
        "| train | wmt/wmt14, de-en, test (revision abc) | 4,500 |",
        "| test | wmt/wmt14, de-en, test (revision abc) | 3,003 |",
        "| validation | wmt/wmt14, de-en, test (revision abc) | not recorded |",
        "copied the source: 12 of 3,003 outputs",
        "after 128 tokens at the latest; 7 of those scored here did",
        "`google-t5/t5-small`, a t5 model with 12 parameters, fine-tuned",
        "| optimizer steps | 20 |",
        "| weights | step 5 |",
        "| time | 1.5 minutes |",
        "| seed | 42 |",
        "| hardware | 2 × H100, 2 processes |",
        "| software | t5tune 0.1.0, torch 2.13.0, Python 3.11.7 |",
        "'translate English to German: ' + \"It's 5 o'clock.\"",
        "t5tune translate --model . -- 'It'\"'\"'s 5 o'\"'\"'clock.'",
    ):
        assert expected in text
    assert "is empty" not in text
    assert "Linux-host" not in text


def test_a_leak_is_said_beside_the_scores(run: RunDirectory) -> None:
    leaky = report_of(*["exact"] * 8, *["clean"] * 12)
    text = ModelCard(build_model_card(run, recipe(), leaky)).text
    sentence = describe_leak(leaky)
    clean = find_clean_score(leaky)
    assert sentence is not None
    assert clean is not None
    assert f"BLEU is {leaky.scores[0].shown} on all, and {clean.shown}" in sentence
    blocks = text.split("\n\n")
    at = blocks.index(f"**{escape(sentence)}**")
    assert blocks[at - 2] == "## Scores"
    assert blocks[at + 1].startswith("| score | value |")
    assert text.count("in the training data") == 1
    few = build_model_card(run, recipe(), report_of("near", *["clean"] * 100))
    assert "in the training data" not in few


def test_no_path_of_the_machine_is_told(run: RunDirectory, tmp_path: Path) -> None:
    secret = "/home/someone/project"
    data = {
        "train": {"file": f"{secret}/train.tsv"},
        "validation": {"source_file": f"{secret}/v.en", "target_file": f"{secret}/v.de",
                       "references": [f"{secret}/w.de"]},
        "test": {"file": f"{secret}/test.tsv", "references": ["de2"]},
    }  # fmt: skip
    model = {"name": f"{secret}/models/base"}
    training = {"extra": {"logging_dir": f"{secret}/logs"}, "sharding": "deepspeed",
                "deepspeed_config": f"{secret}/zero.json"}  # fmt: skip
    of_files = recipe(data=data, model=model, training=training)
    text = build_model_card(run, of_files, report())
    assert "someone" not in text
    assert str(tmp_path) not in text
    card = ModelCard(text)
    assert card.data.get("base_model") is None
    assert card.data.get("datasets") is None
    assert card.data.eval_results is not None
    assert card.data.eval_results[0].dataset_name == "test.tsv"
    assert "v.en and v.de" in text
    portable = portable_recipe(of_files)
    assert portable["data"]["test"]["references"] == ["de2"]
    # The text in the card is still a recipe.
    block = text.split("```yaml\n")[1].split("\n```")[0]
    assert yaml.safe_load(block) == portable
    assert Recipe.model_validate(portable).training.deepspeed_config == "zero.json"


def test_whatever_a_name_holds_is_text(run: RunDirectory) -> None:
    entry = {"file": f"/x/{HOSTILE.replace('/', '')}.tsv"}
    hostile = recipe(
        source_lang=HOSTILE, target_lang="de", task="translation", model={"name": f"/x/{HOSTILE}"},
        data=dict.fromkeys(("train", "validation", "test"), entry),
    )  # fmt: skip
    write(run.smoke, {"source": HOSTILE, "hypothesis": HOSTILE, "device": "cpu"})
    settings = {"prefix": HOSTILE, "max_source_length": 64}
    write(run.model / "config.json", {"model_type": HOSTILE, "t5tune": settings})
    scores = (Score(HOSTILE, 1.0, HOSTILE),)
    findings = [Finding("a", HOSTILE, 1, 2, is_notable=True)]
    told = replace(report(scores=scores, engine=HOSTILE, weights=HOSTILE), findings=tuple(findings))
    text = build_model_card(run, hostile, told)
    card = ModelCard(text)
    assert card.data.eval_results is not None
    assert card.data.eval_results[0].metric_name == HOSTILE
    # A Markdown reader must see the card's own headings, no links and no HTML.
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(card.text)
    pieces = [*tokens, *(child for token in tokens for child in token.children or ())]
    kinds = {piece.type for piece in pieces}
    assert not kinds & {"html_block", "html_inline", "link_open", "image", "em_open"}
    headings = [
        tokens[i + 1].content for i, token in enumerate(tokens) if token.type == "heading_open"
    ]
    assert headings == [
        "tiny", "How to use it", "Scores", "Intended use and limits", "Training data", "Training",
    ]  # fmt: skip
    assert [token.info for token in tokens if token.type == "fence"] == ["sh", "python", "yaml"]


def test_a_run_of_which_little_is_left_has_a_card_all_the_same(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    facts = read_facts(run)
    assert facts.num_steps is None
    assert ModelCard(build_model_card(run, recipe(), report(decoding={}))).data.tags


def test_what_is_an_id_on_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").mkdir()
    assert is_hub_id("google-t5/t5-small")
    assert is_hub_id("t5-small")
    for name in ("./here", "here", "/x/y", "~/x", "../x", "a/b/c", None, ""):
        assert not is_hub_id(name)
