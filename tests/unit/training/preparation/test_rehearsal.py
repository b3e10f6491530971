"""Test that what validations, the report and the export need is tried before step 1."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import T5Config, T5ForConditionalGeneration

from t5tune.data.encoding import EncodedDataset, TokenSequences
from t5tune.decoding.loaded_model import LoadedModel
from t5tune.decoding.torch_translator import TorchTranslator
from t5tune.decoding.translator import options_of_recipe
from t5tune.errors import T5TuneError
from t5tune.recipe.loading import load_recipe
from t5tune.recipe.schema import Recipe
from t5tune.run.directory import RunDirectory
from t5tune.training.preparation.rehearsal import rehearse
from tests.conftest import RunCommand
from tests.tiny_families import FAMILIES


def rehearse_family(
    family: str, recipe_file: Path, *overrides: str, lengths: tuple[int, int] = (5, 5)
) -> tuple[LoadedModel, RunDirectory]:
    folder = recipe_file.parent
    recipe = load_recipe(recipe_file, ["decoding.max_new_tokens=9", *overrides])
    torch.manual_seed(0)
    model, tokenizer = FAMILIES[family](folder)
    model.eval()
    model.generation_config.max_length = None
    loaded = LoadedModel("tiny", TorchTranslator(model, tokenizer), tokenizer)
    run = RunDirectory(folder / "run")
    run.path.mkdir(exist_ok=True)
    dataset = EncodedDataset(*(TokenSequences([[3] * length]) for length in lengths))
    rehearse_recipe(loaded, recipe, run, dataset)
    return loaded, run


def rehearse_recipe(
    loaded: LoadedModel, recipe: Recipe, run: RunDirectory, dataset: EncodedDataset
) -> None:
    options = options_of_recipe(recipe.decoding, recipe.decoding.max_new_tokens or 0)
    loaded = replace(loaded, search=options)
    rehearse(loaded, recipe.model, recipe.export, run, dataset, None)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_passes_and_is_left_as_it_was(
    family: str, tiny_recipe: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    loaded, run = rehearse_family(
        family, tiny_recipe, "decoding.length_penalty=0.6", "decoding.no_repeat_ngram_size=3"
    )
    torch.manual_seed(0)
    model, _ = FAMILIES[family](tiny_recipe.parent)
    for name, weight in model.state_dict().items():
        assert torch.equal(weight, loaded.translator.model.state_dict()[name]), name
    assert not loaded.translator.model.training
    assert list(run.path.iterdir()) == []
    assert "will not be made" not in capsys.readouterr().err


def test_random_numbers_continue_as_without_it(tiny_recipe: Path) -> None:
    rehearse_family("t5", tiny_recipe)
    after = torch.rand(3)
    torch.manual_seed(0)
    FAMILIES["t5"](tiny_recipe.parent)
    assert torch.equal(after, torch.rand(3))


@pytest.mark.parametrize(
    ("family", "overrides", "lengths", "expected"),
    [
        ("bart", [], (300, 5), "data.max_source_length: sequences have up to 300 tokens"),
        ("bart", ["decoding.max_new_tokens=500"], (5, 5), "decoding.max_new_tokens: sequences"),
    ],
)
def test_what_would_fail_later_is_one_sentence_now(
    family: str, overrides: list[str], lengths: tuple[int, int], expected: str, tiny_recipe: Path
) -> None:
    with pytest.raises(T5TuneError) as caught:
        rehearse_family(family, tiny_recipe, *overrides, lengths=lengths)
    assert expected in caught.value.message
    assert "\n" not in caught.value.message
    assert list((tiny_recipe.parent / "run").iterdir()) == []


def test_a_tokenizer_with_more_tokens_than_the_model(tiny_recipe: Path) -> None:
    recipe = load_recipe(tiny_recipe, ["decoding.max_new_tokens=9"])
    model, tokenizer = FAMILIES["t5"](tiny_recipe.parent)
    loaded = LoadedModel("tiny", TorchTranslator(model, tokenizer), tokenizer)
    dataset = EncodedDataset(TokenSequences([[5000]]), TokenSequences([[1]]))
    with pytest.raises(T5TuneError, match="gives the token 5,000, and the model has embeddings"):
        rehearse_recipe(loaded, recipe, RunDirectory(tiny_recipe.parent), dataset)


def test_an_export_that_will_not_be_made_is_said(
    tiny_recipe: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rehearse_family("t5", tiny_recipe, "export=ctranslate2-int8_bfloat16")
    err = " ".join(capsys.readouterr().err.split())
    if "ctranslate2-int8_bfloat16 will not be made: int8_bfloat16 is not available" not in err:
        pytest.skip("this processor has it")


@pytest.mark.parametrize(
    ("override", "expected", "remedy"),
    [
        ("target_lang=ja", "target_lang: ja: BLEU's tokenizer 'ja-mecab' needs", "sacrebleu[ja]"),
        ("evaluation.tokenize=nope", "evaluation.tokenize: nope: BLEU has no tokenizer", "13a"),
        ("evaluation.tokenize=13b", "did you mean 13a?", "13a"),
    ],
)
def test_scoring_is_looked_at_before_torch_is_imported(
    override: str, expected: str, remedy: str, t5tune: RunCommand, tiny_recipe: Path
) -> None:
    for command in ("validate", "train"):
        result = t5tune(command, tiny_recipe, override, "--json")
        assert result.code == 1
        assert result.out == ""
        assert expected in result.err
        assert remedy in result.err
    program = (
        "import sys; from t5tune.cli.app import main\n"
        f"sys.argv = ['t5tune', 'train', '{tiny_recipe}', '{override}']\n"
        "try: main()\n"
        "finally: print(sorted({'torch', 'transformers', 'datasets'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_score_with_an_unknown_tokenizer(t5tune: RunCommand, tmp_path: Path) -> None:
    file = tmp_path / "texts"
    file.write_text("a\n")
    result = t5tune("score", file, "--reference", file, "--tokenize", "13b")
    assert result.code == 1
    assert "BLEU has no tokenizer '13b'; did you mean 13a?" in result.err


def test_a_model_of_60_million_parameters_is_rehearsed_in_seconds(tiny_recipe: Path) -> None:
    recipe = load_recipe(tiny_recipe, ["decoding.max_new_tokens=9", "decoding.num_beams=4"])
    _, tokenizer = FAMILIES["t5"](tiny_recipe.parent)
    config = T5Config(vocab_size=32128, d_model=512, d_ff=2048, decoder_start_token_id=0)
    model = T5ForConditionalGeneration(config)
    model.generation_config.max_length = None
    loaded = LoadedModel("small", TorchTranslator(model, tokenizer), tokenizer)
    dataset = EncodedDataset(TokenSequences([[3]]), TokenSequences([[3]]))
    start = time.process_time()
    rehearse_recipe(loaded, recipe, RunDirectory(tiny_recipe.parent), dataset)
    assert time.process_time() - start < 2
