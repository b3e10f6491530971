"""Test that every shipped recipe validates, trains two steps, and is evaluated.

The data is a local stand-in with the rows of the hub's data set; the model is a tiny one with
random weights of the recipe's own family.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from transformers import (
    ByT5Tokenizer,
    MT5Config,
    MT5ForConditionalGeneration,
    T5Config,
    T5ForConditionalGeneration,
    T5Tokenizer,
)

from t5tune.recipe.catalog import list_recipes
from t5tune.recipe.loading import load_recipe
from tests.conftest import RunCommand, number_pairs

NAMES = [entry.name for entry in list_recipes()]
PAIRS = number_pairs(40)


def test_the_recipes_of_the_design_are_there() -> None:
    assert {
        "wmt-en-de", "wmt-en-ro", "multi30k-en-de", "phrasebook-en-de", "opus-books-en-fr",
        "xsum", "squad", "g2p",
    } <= set(NAMES)  # fmt: skip
    assert any(name.startswith("byt5-") for name in NAMES)
    assert any(name.startswith("mt5-") for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_it_opens_with_its_command_line_and_a_summary(name: str) -> None:
    lines = next(e.path for e in list_recipes() if e.name == name).read_text().split("\n")
    assert lines[0] == f"# t5tune train recipes/{name}.yaml"
    assert len(lines[1]) > 20
    assert load_recipe(name).name == name


def hub_rows(hub: str) -> list[dict[str, Any]]:
    """Return rows in the shape of the hub's data set."""
    if hub.startswith("wmt/") or hub == "Helsinki-NLP/opus_books":
        codes = {"wmt/wmt14": "de", "wmt/wmt16": "ro", "Helsinki-NLP/opus_books": "fr"}
        return [{"translation": {"en": s, codes[hub]: t}} for s, t in PAIRS]
    if hub == "bentrevett/multi30k":
        return [{"en": source, "de": target} for source, target in PAIRS]
    if hub == "EdinburghNLP/xsum":
        return [{"document": f"{s}.\n{s}", "summary": t, "id": "1"} for s, t in PAIRS]
    assert hub == "rajpurkar/squad", f"no stand-in for {hub}"
    return [
        {
            "question": f"What is {source}?",
            "context": f"{source} is {target}.",
            "answers": {"text": [target, f"the {target}"], "answer_start": [0, 0]},
        }
        for source, target in PAIRS
    ]


def data_overrides(name: str, folder: Path) -> list[str]:
    recipe = load_recipe(name)
    overrides = []
    for split in ("train", "validation", "test"):
        entry = getattr(recipe.data, split)
        if entry.hub is not None:
            path = folder / f"{split}.jsonl"
            rows = [json.dumps(row) + "\n" for row in hub_rows(entry.hub)]
            path.write_text("".join(rows))
            overrides += [
                f"data.{split}.{key}=null" for key in ("hub", "config", "split", "revision")
            ]
            overrides.append(f"data.{split}.file={path}")
        elif entry.columns is not None:
            path = folder / f"{split}.tsv"
            path.write_text("".join(f"{s.split()[0]}\t{t}\n" for s, t in PAIRS))
            overrides.append(f"data.{split}.file={path}")
        else:  # data that ships
            overrides.append(f"data.{split}.max_examples=40")
    return overrides


def model_overrides(name: str, folder: Path) -> list[str]:
    recipe = load_recipe(name)
    if recipe.model.from_scratch is not None:
        return ["model.from_scratch.d_model=16", "model.from_scratch.d_ff=32"]
    assert recipe.model.name is not None
    sizes = {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 1, "num_heads": 2}
    if "byt5" in recipe.model.name:
        tokenizer = ByT5Tokenizer()
    else:
        texts = [text for pair in PAIRS for text in pair] + ["question: context: translate to"]
        tokenizer = T5Tokenizer().train_new_from_iterator(texts, vocab_size=200)
    is_mt5 = "/mt5" in recipe.model.name
    config_class, model_class = (
        (MT5Config, MT5ForConditionalGeneration)
        if is_mt5
        else (T5Config, T5ForConditionalGeneration)
    )
    config = config_class(vocab_size=len(tokenizer), decoder_start_token_id=0, **sizes)
    model_class(config).save_pretrained(folder / "model")
    tokenizer.save_pretrained(folder / "model")
    return [f"model.name={folder / 'model'}"]


@pytest.mark.parametrize("name", NAMES)
def test_it_trains_and_is_evaluated(
    name: str, t5tune: RunCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = t5tune(
        "train", name, *data_overrides(name, tmp_path), *model_overrides(name, tmp_path),
        "training.max_steps=2", "training.eval_steps=2", "training.tokens_per_batch=400",
        "evaluation.max_validation_examples=4", "data.test.max_examples=4",
        "decoding.max_new_tokens=8", "--json",
    )  # fmt: skip
    assert result.code == 0, result.err
    report = json.loads(result.out)
    assert report["num_examples"] == 4
    expected = {
        "translation": "BLEU", "summarization": "ROUGE-1", "text2text": "exact_match",
    }[load_recipe(name).task]  # fmt: skip
    assert report["scores"][0]["name"] == expected
    resolved = load_recipe(Path("runs") / name / "recipe.yaml")
    prefixes = {
        "wmt-en-de": "translate English to German: ",
        "wmt-en-ro": "translate English to Romanian: ",
        "opus-books-en-fr": "translate English to French: ",
        "xsum": "summarize: ",
    }
    assert resolved.data.train.prefix == prefixes.get(name, "")
    if name == "squad":
        assert report["examples"]["best"][0]["references"][1].startswith("the ")
