"""Test the answers to keys and values from other programs, which beat near spellings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from t5tune.errors import T5TuneError
from t5tune.recipe.expected_names import _tables
from t5tune.recipe.loading import load_recipe
from t5tune.recipe.problems import is_key
from t5tune.recipe.yaml_lines import load_table
from tests.conftest import write_tiny_recipe


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_recipe(tmp_path_factory.mktemp("recipe"))


def message(recipe: Path, override: str) -> str:
    with pytest.raises(T5TuneError) as error:
        load_recipe(recipe, [override])
    return error.value.message


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("lora={r: 8}", "lora: unknown key; an adapter goes under model, as in `adapter: {type:"),
        ("training.freeze=[encoder]", "training.freeze: unknown key; freeze belongs under model"),
        ("training.lora_r=8", "training.lora_r: unknown key; an adapter goes under model"),
        ("training.peft=true", "training.peft: unknown key; an adapter goes under model"),
        ("training.report_to=wandb",
         "training.report_to: unknown key; it goes under training.extra, as in `extra: {report_to"),
        ("report_to=wandb", "report_to: unknown key; it goes under training.extra"),
        ("training.resume_from_checkpoint=true",
         "training.resume_from_checkpoint: unknown key; `t5tune train`, run again, continues"),
        ("training.lr=1e-4", "training.lr: unknown key; did you mean learning_rate?"),
        ("lr=1e-4", "lr: unknown key; did you mean training.learning_rate?"),
        ("training.batch_size=8", "training.batch_size: unknown key; training.tokens_per_batch "
         "counts tokens, and training.per_device_train_batch_size examples"),
        ("training.epochs=3", "training.epochs: unknown key; did you mean num_train_epochs?"),
        ("epochs=3", "epochs: unknown key; did you mean training.num_train_epochs?"),
        ("training.fp16=true", "training.fp16: unknown key; T5 overflows in fp16; "
         "training.bf16 takes auto, true or false"),
        ("data.streaming=true", "unknown key; streaming belongs under data.train"),
        ("data.train.stream=true", "data.train.stream: unknown key; did you mean streaming?"),
        ("data.val_size=9", "becomes another split with `validation: {from: train, size: 5%}`"),
        ("data.train.path=x", "data.train.path: unknown key; did you mean file?"),
        ("data.test.limit=9", "data.test.limit: unknown key; did you mean max_examples?"),
        ("data.dev={file: d.tsv}", "data.dev: unknown key; did you mean validation?"),
        ("decoding.max_length=9", "decoding.max_length: unknown key; did you mean max_new_tokens?"),
        ("decoding.early_stopping=true", "unknown key; the search does not have this setting"),
        ("training.early_stopping=3", "did you mean early_stopping_patience?"),
        ("training.push_to_hub=true", "`t5tune push RUN OWNER/NAME` does"),
        ("tokenizer=x", "tokenizer: unknown key; a model has its own tokenizer"),
        ("model.from_scratch.tokenizer.sampling={alpha: 0.1}",
         "sampling: unknown key; data.augment.subword draws other pieces"),
        ("model.from_scratch.architecture=opus-mt", "found 'opus-mt'; did you mean marian?"),
        ("model.from_scratch.name=x", "model.from_scratch.name: unknown key; name belongs under"),
        ("training.label_smoothing=0.1", "did you mean label_smoothing_factor?"),
        ("evaluation.metrics=[bleu, meteor]", "found 'meteor'; evaluate:meteor computes it, with "
         "--allow-code on the command line"),
        ("evaluation.metrics=[BERTScore]", "found 'BERTScore'; evaluate:bertscore computes it"),
        ("evaluation.metrics=[rougeL]", "found 'rougeL'; rouge gives ROUGE-1, ROUGE-2"),
        ("evaluation.metrics=[loss]", "found 'loss'; a validation translates and scores"),
        ("evaluation.best_metric=eval_loss", "found 'eval_loss'; a validation translates"),
        ("task=pretraining", "found 'pretraining'; did you mean denoise?"),
        ("data.noise_density=0.2", "noise_density: unknown key; did you mean denoise.rate?"),
        ("task=seq2seq", "found 'seq2seq'; did you mean text2text?"),
        ("export=onnx", "found 'onnx'; models are exported only to CTranslate2"),
        ("export=int8", "found 'int8'; did you mean ctranslate2-int8?"),
        ("data.train=[a.tsv, b.tsv]", "data.train: expected a section with keys of its own, found "
         "a list; write {file: [a.tsv, b.tsv]}"),
        ("data.train=a.tsv", "found 'a.tsv'; write {file: a.tsv}"),
        ("data.train=wmt/wmt14", "found 'wmt/wmt14'; write {hub: wmt/wmt14, split: …}"),
        ("model=google-t5/t5-small", "write {name: google-t5/t5-small}"),
    ],
)  # fmt: skip
def test_an_expected_name_gets_the_true_answer(override: str, expected: str, recipe: Path) -> None:
    assert expected in message(recipe, override)


@pytest.mark.parametrize(
    "override",
    ["evaluation.best_metric=meteor", "training.lr_scheduler_type=cosine_with_restarts"],
)
def test_without_a_near_name_there_is_no_hint(override: str, recipe: Path) -> None:
    assert "did you mean" not in message(recipe, override)


def test_every_key_that_is_named_is_one() -> None:
    """This holds in answers, and for keys that other names refer to."""
    tables = load_table("expected_names")
    keys = list(tables["same_as"])
    answers = [*tables["in_section"].values(), tables["answers"]]
    for text in [text for table in answers for text in table.values()]:
        keys += re.findall(r"\b(?:training|data|decoding|model|evaluation)\.[a-z_0-9.]+\w", text)
    assert len(keys) > 50
    unknown = [key for key in keys if not is_key(key.split("."))]
    assert unknown == []


def test_no_expected_name_is_itself_a_key_of_its_section() -> None:
    tables = _tables()
    for key in tables["same_as"].values():
        section = key.rpartition(".")[0]
        for name in tables["same_as"].keys() | tables["answers"].keys():
            path = f"{section}.{name}" if section else name
            assert not is_key(path.split(".")) or section == "model.config", path


def test_no_name_stands_twice() -> None:
    tables = load_table("expected_names")
    names = " ".join([*tables["same_as"].values(), *tables["answers"]]).split()
    assert sorted(names) == sorted(set(names))
