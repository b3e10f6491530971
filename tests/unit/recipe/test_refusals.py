"""Test refusals of what looks right: types, near names, hostile text, wrong overrides."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from t5tune.errors import T5TuneError
from t5tune.recipe.loading import differing_keys, dump_recipe, load_recipe
from t5tune.recipe.schema import Recipe

GOOD = """\
name: demo
task: translation
source_lang: en
target_lang: de
model:
  name: google-t5/t5-small
data:
  train:      {file: train.tsv}
  validation: {file: val.tsv}
training:
  seed: 7
"""
METRICS = (
    "bleu, chrf, ter, rouge, exact_match, token_f1, wer, cer, bleu_intl, distinct_n, "
    "length_ratio, comet or evaluate:NAME"
)

Load = Callable[..., Recipe]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Write r.yaml, and load it."""
    monkeypatch.chdir(tmp_path)

    def load_text(text: str, *overrides: str) -> Recipe:
        Path("r.yaml").write_text(text, encoding="utf-8", newline="")
        return load_recipe("r.yaml", overrides)

    return load_text


def message(load: Load, text: str, *overrides: str) -> str:
    with pytest.raises(T5TuneError) as error:
        load(text, *overrides)
    assert error.value.next_command
    return error.value.message


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        # pydantic would read these as 1, 1.0, False, True, True and 7.
        ("seed: true", "training.seed: expected a whole number, found true"),
        ("learning_rate: true", "training.learning_rate: expected a number, found true"),
        ("gradient_checkpointing: no",
         "training.gradient_checkpointing: expected true or false, found 'no'"),
        ("bf16: yes", "training.bf16: expected true, false or auto, found 'yes'"),
        ("bf16: 1", "training.bf16: expected true, false or auto, found 1"),
        ("seed: '7'", "training.seed: expected a whole number, found '7'"),
        ("seed: 1.5", "training.seed: expected a whole number, found 1.5"),
        # YAML 1.1 would read these as 5400, 16 and infinity.
        ("seed: 1:30", "training.seed: expected a whole number, found '1:30'"),
        ("seed: 0x10", "training.seed: expected a whole number, found '0x10'"),
        ("learning_rate: .inf", "training.learning_rate: expected a number, found '.inf'"),
        ("num_beam: 3", "training.num_beam: unknown key; did you mean decoding.num_beams?"),
        ("epochs: 3", "training.epochs: unknown key; did you mean num_train_epochs?"),
        ("adam_beta2: 1", "training.adam_beta2: unknown key; a field of "
         "transformers.Seq2SeqTrainingArguments goes under training.extra"),
    ],
)  # fmt: skip
def test_a_line_of_training(load: Load, line: str, expected: str) -> None:
    assert message(load, GOOD.replace("seed: 7", line)) == f"r.yaml:11: {expected}"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("evaluation: {metrics: [blue]}",
         f"evaluation.metrics[0]: expected {METRICS}, found 'blue'; did you mean bleu?"),
        ("evaluation: {metrics: [bleu, 'evaluate: meteor']}",
         f"evaluation.metrics[1]: expected {METRICS}, found 'evaluate: meteor'; did you mean "
         "evaluate:NAME?"),
        ("evaluation: {metrics: [bleu, evaluate:a/b/c]}",
         f"evaluation.metrics[1]: expected {METRICS}, found 'evaluate:a/b/c'; did you mean "
         "evaluate:NAME?"),
        ("evaluation: {metrics: [evaluate:meteor, distinct_n]}",
         "evaluation: none of `metrics` can choose the best checkpoint; add one that can, such as "
         "chrf"),
        ("evaluation: {metrics: [chrf, evaluate:meteor], best_metric: evaluate:meteor}",
         "evaluation.best_metric: evaluate:meteor cannot choose the best checkpoint: it is unknown "
         "whether higher is better"),
        ("evaluation: {best_metric: length_ratio}",
         "evaluation.best_metric: length_ratio cannot choose the best checkpoint: it is unknown "
         "whether higher is better"),
        ("evaluation: {metrics: bleu}", "evaluation.metrics: expected a list, found 'bleu'"),
        ("evaluation: {metrics: []}",
         "evaluation.metrics: the list is empty; leave the key out instead"),
        ("evaluation: {metrics: [ter, ter]}", "evaluation.metrics: a metric is listed twice"),
        ("config: de-en", "config: unknown key; config belongs under model"),
    ],
)  # fmt: skip
def test_a_line_at_the_end(load: Load, line: str, expected: str) -> None:
    assert message(load, f"{GOOD}{line}\n") == f"r.yaml:12: {expected}"


def test_a_key_that_is_right_elsewhere_belongs_to_the_nearest_section(load: Load) -> None:
    text = GOOD.replace("data:\n", "data:\n  config: de-en\n")
    assert message(load, text) == (
        "r.yaml:8: data.config: unknown key; config belongs under data.train"
    )


def test_a_whole_number_may_be_written_with_an_exponent(load: Load) -> None:
    steps = load(GOOD, "training.max_steps=1e5").training.max_steps
    assert (steps, type(steps)) == (100_000, int)
    assert load(GOOD, "training.num_train_epochs=2").training.num_train_epochs == 2.0


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("training.learning_rat=null",
         "training.learning_rat: unknown key; did you mean learning_rate?"),
        ("trainin.seed=null", "trainin: unknown key; did you mean training?"),
        ("trainin.seed=3", "trainin: unknown key; did you mean training?"),
        ("decoding={num_beams: 1, num_beams: 2}",
         "decoding: num_beams: the key occurs twice, first on line 1"),
        ("data.train.file=[train.tsv, 3]",
         "data.train.file[1]: expected text (write it in quotes), found 3"),
        ("data.train.file=[[a]]",
         "data.train.file[0]: expected text (write it in quotes), found a list"),
    ],
)  # fmt: skip
def test_an_override_that_misses(load: Load, override: str, expected: str) -> None:
    assert message(load, GOOD, override) == f"command line: {expected}"


def test_export_null_does_not_bring_the_default_export_back(load: Load) -> None:
    refused = message(load, GOOD, "export=null")
    assert refused.startswith("command line: export: expected none, ctranslate2-int8")
    assert refused.endswith("found nothing; did you mean none?")
    in_file = message(load, f"{GOOD}export: null\n")
    assert in_file == refused.replace("command line", "r.yaml:12")


def test_an_override_of_a_recipe_that_ships(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(T5TuneError) as error:
        load_recipe("wmt-en-de", ["training.learning_rat=3e-4"])
    assert error.value.next_command == "t5tune recipes show wmt-en-de"


def test_a_wrong_override_is_corrected_where_it_was_typed(load: Load) -> None:
    corrected = "the same command, corrected; t5tune validate --schema lists every key"
    with pytest.raises(T5TuneError) as error:
        load(GOOD, "training.batchs=1")
    assert error.value.next_command == corrected
    with pytest.raises(T5TuneError) as error:
        load(GOOD.replace("source_lang:", "source_lan:"), "training.batchs=1")
    assert str(error.value.next_command).startswith("correct the lines, then: t5tune validate ")


def test_an_override_that_is_not_yaml(load: Load) -> None:
    with pytest.raises(T5TuneError) as error:
        load(GOOD, "evaluation.metrics=[bleu")
    assert error.value.message.startswith("command line: evaluation.metrics:1: not YAML: ")
    assert error.value.next_command == "t5tune validate --schema   # lists keys"


def test_a_template_needs_no_second_pair_of_quotes(load: Load) -> None:
    recipe = load(GOOD, "data.source={question} {context}", "data.target='{answer}'")
    assert (recipe.data.source, recipe.data.target) == ("{question} {context}", "{answer}")


def test_an_override_may_conflict_with_the_file(load: Load) -> None:
    text = GOOD + "  per_device_train_batch_size: 4\n"
    assert message(load, text, "training.tokens_per_batch=100") == (
        "r.yaml:10: training: give `tokens_per_batch` or `per_device_train_batch_size`, not both"
    )


def test_model_and_tokenizer_directories_are_relative_to_the_recipe(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = "from_scratch: {tokenizer: {type: existing, name: ./tokenizer}}"
    load(GOOD.replace("name: google-t5/t5-small", scratch))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")

    def tokenizer(*overrides: str) -> str | None:
        model = load_recipe(f"..{os.sep}r.yaml", overrides).model
        assert model.from_scratch is not None
        return model.from_scratch.tokenizer.name

    key = "model.from_scratch.tokenizer.name"
    assert tokenizer() == str(tmp_path / "tokenizer")
    assert tokenizer(f"{key}=./mine") == str(tmp_path / "elsewhere" / "mine")
    assert tokenizer(f"{key}=org/tokenizer") == "org/tokenizer"
    changed = ["model.from_scratch=null", "model.name=../m"]
    assert load_recipe("../r.yaml", changed).model.name == str(tmp_path / "m")


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        ("\0", "r.yaml:12: the character U+0000 is not text."),
        ("---\na: b\n", "r.yaml:12: not YAML: a second document begins; a recipe is one."),
        ("x: " + "[" * 3000, "r.yaml:12: nested more than 50 levels deep."),
        ("x:\n" + "".join(f"{' ' * i}a:\n" for i in range(1, 60)),
         "r.yaml:62: nested more than 50 levels deep."),
        ('x: "\\ud800"\n',
         "r.yaml:12: half a character (a lone surrogate such as \\ud800) is not text."),
        ('"\\ud800": x\n',
         "r.yaml:12: half a character (a lone surrogate such as \\ud800) is not text."),
    ],
    ids=["nul", "second document", "flow nesting", "block nesting", "surrogate", "surrogate key"],
)  # fmt: skip
def test_text_that_is_refused_as_a_whole(load: Load, tail: str, expected: str) -> None:
    assert message(load, GOOD + tail) == expected


def test_many_small_lists_take_no_quadratic_time(load: Load) -> None:
    started = time.process_time()
    assert "unknown key" in message(load, f"{GOOD}x: [{'[],' * 60_000}]\n")
    assert time.process_time() - started < 12  # 2 seconds; 17 if every list were counted again


def test_size_and_encoding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path("r.yaml")
    path.write_bytes(GOOD.encode() + b"#" * 1_000_000)
    with pytest.raises(T5TuneError, match="at most 1,000,000 bytes"):
        load_recipe(path)
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert load_recipe(path).name == "demo"
    path.write_bytes(GOOD.encode("utf-16"))
    with pytest.raises(T5TuneError, match=r"r\.yaml is UTF-16, not UTF-8") as error:
        load_recipe(path)
    assert error.value.next_command == "iconv -f UTF-16 -t UTF-8 r.yaml > r.yaml.utf8"


@pytest.mark.parametrize(
    "text", ["a\nb", "a\rb", "a\x85b", "a\u2028b", "\ufeffa", "no", "1e-4", "null", "", " a: b #"]
)
def test_every_text_is_written_so_that_it_reads_back(load: Load, text: str) -> None:
    values = load(GOOD).model_dump()
    values["data"]["prefix"] = text
    values["model"]["config"] = {f"k{text}": [text, {}, 1e-9, True, None]}
    recipe = Recipe.model_validate(values)
    assert load(dump_recipe(recipe)) == recipe


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (["training.extra.adam_beta2=0.9"], ["training.extra.adam_beta2"]),
        (["data.test.file=t.tsv", "name=x"], ["name", "data.test.file"]),
        (["training.extra.a=true"], ["training.extra.a"]),
        (["decoding.num_beams=1", "training.seed=1", "training.max_steps=9"],
         ["training.max_steps", "training.seed", "decoding.num_beams"]),
    ],
)  # fmt: skip
def test_differing_keys_name_each_key_once_in_order(
    load: Load, changes: list[str], expected: list[str]
) -> None:
    base = load(GOOD, *(["training.extra.a=1"] if "training.extra.a=true" in changes else []))
    changed = load(GOOD, *changes)
    assert differing_keys(base, changed) == expected
    assert differing_keys(changed, base) == expected


KEEP = "evaluation:\n  keep:\n    - "


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("{file: x.tsv}", "a translation needs `source_lang` and `target_lang`"),
        ("{task: text2text, from: train, size: 5}", "`from` is for splits"),
        ("{task: text2text, file: x.tsv, streaming: true}", "`streaming` is for data.train"),
        ("{task: text2text, file: x.tsv}\n    - {task: text2text, file: y.tsv}", "same name"),
        ("{task: text2text, file: x.tsv, metrics: [comet]}", "keep[0].metrics[0]: expected bleu,"),
        ("{task: text2text, fil: x.tsv}", "keep[0].fil: unknown key; did you mean file?"),
    ],
)
def test_tasks_to_keep_have_to_fit(load: Load, entry: str, expected: str) -> None:
    assert expected in message(load, GOOD + KEEP + entry)


def test_a_model_from_scratch_has_nothing_to_keep(load: Load) -> None:
    scratch = GOOD.replace("name: google-t5/t5-small", "from_scratch: {}")
    assert "a model from scratch has none" in message(
        load, scratch + KEEP + "{task: text2text, file: x.tsv}"
    )


def test_paths_of_sets_and_tasks_start_at_the_recipe(load: Load, tmp_path: Path) -> None:
    entry = KEEP + "{task: text2text, file: x.tsv}\n  contrastive: [a.jsonl, occupations-en-de]"
    evaluation = load(GOOD + entry).evaluation
    assert evaluation.keep[0].file == str(tmp_path / "x.tsv")
    assert evaluation.contrastive == [str(tmp_path / "a.jsonl"), "occupations-en-de"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (["task=translation"], "`data.denoise` requires `task: denoise`"),
        (["data.target=de"], "`data.target`: with `task: denoise` a text is its own target"),
        (["data.train.references=[b]"], "`data.train.references`: with `task: denoise` a text has"),
        (["data.test={sacrebleu: wmt20}"], "data.test: with `task: denoise`, plain text comes"),
        (["data.augment={upper: 0.1}"], "`data.augment` and `task: denoise` exclude each other"),
        (["evaluation.stress=[typos]"], "`evaluation.stress` and `task: denoise` exclude"),
    ],
)
def test_plain_text_has_no_targets(load: Load, changes: list[str], expected: str) -> None:
    assert expected in message(load, GOOD, "task=denoise", "data.denoise={rate: 0.2}", *changes)
    plain = load(GOOD, "task=denoise")
    assert plain.data.denoise is not None, "without a section too"


def test_packing_needs_an_architecture_with_relative_positions(load: Load) -> None:
    changes = "model.name=null", "model.from_scratch={architecture: bart}", "training.packing=true"
    assert "a t5 can be packed" in message(load, GOOD, *changes)
    load(GOOD, *changes[:2])
