"""Train a model of each family as it is published, and compare what it became with the library.

A row of the table in docs/models.md is what this test has seen; with T5TUNE_WRITE_TABLE=1 in the
environment it writes the row.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from itertools import takewhile
from pathlib import Path
from re import fullmatch
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file
from transformers import AutoModelForSeq2SeqLM, PreTrainedModel, PreTrainedTokenizerBase

from t5tune.data.batching.packing import PackedBatches
from t5tune.data.encoding import Collator, EncodedDataset, TokenSequences, encode_texts
from t5tune.decoding.loaded_model import LoadedModel
from t5tune.decoding.torch_translator import TorchTranslator
from t5tune.decoding.translator import DecodingOptions
from t5tune.distributed.sharding_refusals import drops_layers, refuse_unequal_parts
from t5tune.errors import T5TuneError
from t5tune.models.decoder_inputs import shift_labels
from t5tune.models.families import OTHER, find_family
from t5tune.models.input_settings import InputSettings
from t5tune.models.loading import load_model, load_tokenizer
from t5tune.models.ties import has_own_output_layer
from t5tune.recipe.sections.model_section import ModelSection
from t5tune.run.directory import RunDirectory
from t5tune.training.preparation.rehearsal import rehearse
from t5tune.training.recipe_batches import build_collator
from tests.conftest import REPOSITORY, TINY, RunCommand, number_pairs, write_pairs
from tests.genuine_families import FAMILIES, GenuineFamily
from tests.hub.server import Hub

RUN = Path("runs/tiny")
WEIGHTS = RUN / "checkpoints" / "checkpoint-2" / "model.safetensors"
PAIRS = number_pairs(4, 300)
TABLE = REPOSITORY / "docs" / "models.md"
SHARDED_IN_A_TEST = ("t5", "mt5", "bart")  # test_sharding.py trains them in two processes
# A search that no generation configuration overrides.
PLAIN = {"max_new_tokens": 6, "min_length": 0, "no_repeat_ngram_size": 0, "early_stopping": False}


def write_recipe(family: GenuineFamily) -> None:
    for split, num, start in (("train", 60, 0), ("validation", 4, 200)):
        write_pairs(Path(), split, number_pairs(num, start))
    recipe: dict[str, Any] = json.loads(json.dumps(TINY))
    recipe["model"] = {"name": family.model, "allow_pickle": family.weights == "pickled"}
    del recipe["data"]["test"]
    recipe["training"] |= {"max_steps": 2, "eval_steps": 1}
    recipe["decoding"] = {"num_beams": 2, "max_new_tokens": 6}
    Path("tiny.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")


def train_twice(t5tune: RunCommand, monkeypatch: pytest.MonkeyPatch, *settings: str) -> list[str]:
    """Train until the model is to be saved, and again from step 1 to the end; return both logs.

    Both have the same weights after step 2.
    """

    def stop(*_: object) -> None:
        raise T5TuneError("stopped", next_command="the same command")

    with monkeypatch.context() as patch:
        patch.setattr("t5tune.training.session.keep_best_model", stop)
        first = t5tune("train", "tiny.yaml", *settings)
    assert (first.code, "error: stopped" in first.err) == (1, True), first.err
    weights = WEIGHTS.read_bytes()
    shutil.rmtree(WEIGHTS.parent)
    second = t5tune("train", "tiny.yaml", *settings)
    assert (second.code, "resuming from" in second.err) == (0, True), second.err
    assert WEIGHTS.read_bytes() == weights
    return [first.err, second.err]


def encode(tokenizer: PreTrainedTokenizerBase, prefix: str) -> dict[str, torch.Tensor]:
    sources, targets = zip(*PAIRS, strict=True)
    ids, _ = encode_texts([prefix + source for source in sources], tokenizer, max_length=None)
    labels, _ = encode_texts(targets, tokenizer, max_length=None, as_target=True)
    rows = [{"input_ids": i, "labels": j} for i, j in zip(ids, labels, strict=True)]
    return Collator(int(tokenizer.pad_token_id))(rows)  # type: ignore[arg-type]


def compute(model: PreTrainedModel, batch: dict[str, torch.Tensor], **settings: Any) -> list[Any]:
    """Return the loss, and what a greedy search and one with beams find."""
    inputs = {key: batch[key] for key in ("input_ids", "attention_mask")}
    with torch.no_grad():
        loss = model.eval()(**batch).loss.item()
        texts = [model.generate(**inputs, num_beams=n, **PLAIN, **settings) for n in (1, 3)]
    return [loss, *(ids.tolist() for ids in texts)]


def load_trained(family: GenuineFamily) -> tuple[PreTrainedModel, PreTrainedModel]:
    """Return the trained model with the configuration of the hub, and as the library loads it."""
    saved = json.loads((RUN / "model/config.json").read_text(encoding="utf-8"))
    step = saved["t5tune"]["weights"].split()[-1]
    before = load_model(family.model)
    tensors = load_file(RUN / f"checkpoints/checkpoint-{step}/model.safetensors")
    assert before.load_state_dict(tensors, strict=False).unexpected_keys == []
    after = AutoModelForSeq2SeqLM.from_pretrained(RUN / "model")
    # What other programs read; for a model of the library alone it is always true.
    assert saved["tie_word_embeddings"] is not (
        family.own_output_layer and after.config.model_type != "umt5"
    )
    return before, after


def refusal(function: Callable[..., Any], *arguments: Any) -> str:
    """Return the message of a user error, or nothing."""
    try:
        function(*arguments)
    except T5TuneError as error:
        return error.message
    return ""


def tell_limits(loaded: LoadedModel, family: GenuineFamily) -> tuple[str, str]:
    """Return what is said of packed rows and of texts that are longer than the positions."""
    lengths = np.array([3, 3])
    plan = PackedBatches(lengths, lengths, (8, 8), 16, 0)
    packing = refusal(build_collator, plan, loaded)
    expected = f"training.packing: {family.config['model_type']} numbers positions from the start"
    assert packing[: len(expected)] == ("" if family.can_pack else expected)
    dataset = EncodedDataset(TokenSequences([[3]]), TokenSequences([[3]]))
    section, run = ModelSection(name=family.model), RunDirectory(RUN)
    limit = refusal(rehearse, loaded, section, "none", run, dataset, None)
    expected = "decoding.max_new_tokens: sequences have up to 65 tokens"
    assert limit[: len(expected)] == ("" if family.positions is None else expected)
    keys = [f"`{key}`" for key in family.config if fullmatch("max_.*position_embeddings", key)]
    return "refused" if packing else "yes", ", ".join(sorted(keys)) if limit else "no limit"


def tell_sharding(model: PreTrainedModel) -> str:
    if refusal(refuse_unequal_parts, model):
        return "without `layerdrop`" if drops_layers(model) else "refused"
    return "tested" if model.config.model_type in SHARDED_IN_A_TEST else "possible"


@pytest.mark.parametrize("name", FAMILIES)
def test_a_published_model_is_trained_as_its_family_needs(
    name: str, t5tune: RunCommand, hub_here: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("gc.collect", lambda: 0)  # a third of the time of such a training
    family = FAMILIES[name]
    hub_here.add("models", family.model, family.files())
    write_recipe(family)
    packing = f"training.packing={str(family.can_pack).lower()}"
    said, resumed = train_twice(t5tune, monkeypatch, packing, "export=ctranslate2-float32")

    tokenizer = load_tokenizer(str(RUN / "model"))
    if family.languages is not None:
        tokenizer.src_lang, tokenizer.tgt_lang = family.languages
    batch = encode(tokenizer, family.prefix)
    before, after = load_trained(family)
    beginning = {"forced_bos_token_id": family.first, "decoder_start_token_id": family.start}
    of_language = {
        key: tokenizer.convert_tokens_to_ids(token)
        for key, token in beginning.items()
        if token is not None and family.languages is not None
    }
    results = compute(before, batch, **of_language), compute(after, batch)
    assert results[0] == results[1]
    assert has_own_output_layer(before) == has_own_output_layer(after)
    assert has_own_output_layer(after) == family.own_output_layer
    starts, firsts = ({ids[i] for found in results[0][1:] for ids in found} for i in (0, 1))
    assert starts == set(shift_labels(after, batch["labels"])[:, 0].tolist())  # as in training
    assert (batch["labels"] == tokenizer.eos_token_id).sum() == len(PAIRS)
    start = tokenizer.convert_ids_to_tokens(starts.pop())
    if family.first is not None:
        assert tokenizer.convert_ids_to_tokens(list(firsts)) == [family.first]

    parity = RUN / "ctranslate2-float32" / "parity.json"
    assert parity.exists() == family.exports
    if family.exports:
        assert json.loads(parity.read_text(encoding="utf-8"))["identical"] == 1
    else:
        refused = f"CTranslate2 does not know {family.config['model_type']} models"
        assert f"warning: export: ctranslate2-float32 will not be made: {refused}" in resumed
    translator = TorchTranslator(before, tokenizer, InputSettings(family.prefix, 128))
    translator.translate(["two one " * 99], DecodingOptions(2, 1))
    assert translator.num_truncated == 1
    assert translator.max_source_length == (family.positions or 128)
    options = DecodingOptions(65, 1)
    packing, limit = tell_limits(LoadedModel(name, translator, tokenizer, options), family)
    check_row(name, [
        f"`{family.model}`", code(family.prefix), code(start), code(family.first),
        "own" if family.own_output_layer else "tied", said_value(said, "training.learning_rate"),
        limit, packing, tell_sharding(before), "same texts" if parity.exists() else "refused",
    ])  # fmt: skip
    check_what_was_said(said, family, start)


def check_what_was_said(said: str, family: GenuineFamily, start: str) -> None:
    known = find_family(family.config["model_type"])
    assert said.count("warning: model.name: ") == (known is OTHER)
    assert said.count(f"\nfamily: {known.title};") == (known is not OTHER)
    assert said_value(said, "data.prefix") == json.dumps(family.prefix)
    reason = "as the model's configuration says" if family.start is None else "target_lang decides"
    assert f": {start}, {reason}\n" in said
    if family.languages is not None:
        source, target = family.languages
        assert said_value(said, "source_lang") == source
        assert said_value(said, "target_lang") == target
        assert f": {family.first or family.start}, target_lang decides\n" in said


def said_value(said: str, key: str) -> str:
    (line,) = (line for line in said.splitlines() if line.startswith(f"  {key} = "))
    return line.removeprefix(f"  {key} = ").rpartition(": ")[0]


def code(text: str | None) -> str:
    return f"`{text}`" if text else ""


def split_table() -> tuple[list[str], dict[str, str], list[str]]:
    """Return the lines of the page before its first rows, these by their names, and the others."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("|---")) + 1
    rows = list(takewhile(lambda line: line.startswith("|"), lines[start:]))
    named = {row.split(" | ")[0][2:]: row for row in rows}
    return lines[:start], named, lines[start + len(rows) :]


def check_row(name: str, cells: list[str]) -> None:
    """Compare a row of the table with what was seen, or write it."""
    row = f"| {' | '.join([name, *cells])} |"
    first, rows, last = split_table()
    if os.environ.get("T5TUNE_WRITE_TABLE"):
        rows[name] = row
        table = [rows[one] for one in FAMILIES if one in rows]
        TABLE.write_text("\n".join([*first, *table, *last]) + "\n", encoding="utf-8")
    else:
        assert rows.get(name) == row, f"T5TUNE_WRITE_TABLE=1 pytest {Path(__file__).name}"


def test_the_table_has_a_row_for_each_model() -> None:
    assert list(split_table()[1]) == list(FAMILIES)
