"""Test recipes from files: what is accepted, what is refused, and the messages."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from t5tune.errors import T5TuneError
from t5tune.recipe.catalog import list_recipes
from t5tune.recipe.loading import differing_keys, dump_recipe, load_recipe, recipe_json_schema
from t5tune.recipe.resolve import choose_metrics

GOOD = """\
# a comment
name: demo
task: translation
source_lang: en
target_lang: no
model:
  name: google-t5/t5-small
  config: {dropout_rate: 1e-1}
data:
  train:      {file: train.tsv}
  validation: {file: sub/val.tsv}
training:
  learning_rate: 3e-4
  seed: 7
"""


@pytest.fixture
def write(tmp_path: Path):  # type: ignore[no-untyped-def]
    def write_recipe(text: str) -> Path:
        path = tmp_path / "r.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write_recipe


def problems(path: Path, *overrides: str) -> list[str]:
    """Return the lines of the error, without the directory."""
    with pytest.raises(T5TuneError) as error:
        load_recipe(path, overrides)
    assert error.value.next_command is not None
    return [
        line.replace(f"{path.parent}{os.sep}", "")
        for line in error.value.message.split("\n")
        if not line.endswith(" problems:")
    ]


def test_yaml_means_what_a_reader_expects(write) -> None:  # type: ignore[no-untyped-def]
    recipe = load_recipe(write(GOOD))
    assert recipe.target_lang == "no"  # False in YAML 1.1
    assert recipe.training.learning_rate == 3e-4  # a string in YAML 1.1
    assert recipe.model.config == {"dropout_rate": 0.1}
    assert choose_metrics(recipe) == ("bleu", "chrf")


def test_data_files_are_relative_to_the_recipe_and_overrides_to_the_shell(  # type: ignore[no-untyped-def]
    write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    path = write(GOOD)
    monkeypatch.chdir(tmp_path / "elsewhere")
    recipe = load_recipe(path, ["data.train.file=mine.tsv"])
    assert recipe.data.validation.file == str(tmp_path / "sub" / "val.tsv")
    assert recipe.data.train.file == str(tmp_path / "elsewhere" / "mine.tsv")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("  seed: 7", "  sed: 7", "r.yaml:14: training.sed: unknown key; did you mean seed?"),
        (
            "task: translation",
            "task: translate",
            "r.yaml:3: task: expected translation, summarization, text2text or denoise, found "
            "'translate'; did you mean translation?",
        ),
        ("seed: 7", "seed: x", "r.yaml:14: training.seed: expected a whole number, found 'x'"),
        ("seed: 7", "seed: -1", "r.yaml:14: training.seed: has to be greater than or equal to 0, "
         "found -1"),
        ("seed: 7", "bf16: maybe", "r.yaml:14: training.bf16: expected true, false or auto, "
         "found 'maybe'"),
        ("name: demo", "name: a/b", "r.yaml:2: name: may hold letters, digits, dot, dash and "
         "underscore, found 'a/b'"),
        ("name: demo", "name: 12", "r.yaml:2: name: expected text (write it in quotes), found 12"),
        ("source_lang: en\n", "", "r.yaml:1: recipe: a translation needs `source_lang` and "
         "`target_lang`"),
        ("{file: train.tsv}", "{file: train.tsv, hub: x/y, split: train}",
         "r.yaml:10: data.train: give one of `hub`, `file`, `sacrebleu`, `from`, or "
         "`source_file` with `target_file`"),
        ("  train:      {file: train.tsv}\n", "", "r.yaml:9: data.train: this key is required"),
        ("{file: train.tsv}", "train.tsv",
         "r.yaml:10: data.train: expected a section with keys of its own, found 'train.tsv'; write "
         "{file: train.tsv}"),
        ("seed: 7", "seed: 7\n  seed: 8",
         "r.yaml:15: training.seed: the key occurs twice, first on line 14"),
        ("name: demo", "name: demo\nlearning_rate: 1",
         "r.yaml:3: learning_rate: unknown key; learning_rate belongs under training"),
    ],
)  # fmt: skip
def test_each_kind_of_problem(write, old: str, new: str, expected: str) -> None:  # type: ignore[no-untyped-def]
    assert old in GOOD
    assert problems(write(GOOD.replace(old, new, 1))) == [expected]


def test_all_problems_are_reported_together(write) -> None:  # type: ignore[no-untyped-def]
    text = GOOD.replace("seed: 7", "sed: 7").replace("3e-4", "fast").replace("name: demo", "nam: x")
    lines = problems(write(text), "decoding.num_beams=0")
    assert len(lines) == 5
    assert (
        "command line: decoding.num_beams: has to be greater than or equal to 1, found 0" in lines
    )
    assert "r.yaml:13: training.learning_rate: expected a number, found 'fast'" in lines


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "r.yaml:1: the recipe is empty."),
        ("- a\n- b\n", "r.yaml:1: the recipe is not a mapping of keys to values."),
        ("name: [a\n", "r.yaml:2: not YAML"),
        ("a:\n\t- b\n", "r.yaml:2: not YAML"),
        ("name: !!python/object:os.system {}\n", "r.yaml:1: tags such as"),
        ("a: &a [*a]\n", "r.yaml:1: "),
        ("[" * 2000, "r.yaml"),
    ],
)
def test_hostile_and_broken_yaml(write, text: str, expected: str) -> None:  # type: ignore[no-untyped-def]
    assert problems(write(text))[0].startswith(expected)


def test_an_alias_bomb_is_refused_at_once(write) -> None:  # type: ignore[no-untyped-def]
    levels = ["a0: &a0 [x, x]"]
    levels += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)]
    started = time.monotonic()
    assert "aliases" in problems(write("\n".join(levels) + "\n"))[0]
    assert time.monotonic() - started < 2


def test_invalid_utf8_names_line_and_byte(write) -> None:  # type: ignore[no-untyped-def]
    path = write(GOOD)
    path.write_bytes(GOOD.encode() + b"# caf\xe9\n")
    assert problems(path)[0].startswith("r.yaml is not UTF-8: line 15, byte 6 of the line")


def test_overrides(write) -> None:  # type: ignore[no-untyped-def]
    recipe = load_recipe(
        write(GOOD),
        [
            "training.learning_rate=1e-3",
            "training.seed=null",
            "model.config.d_kv=32",
            "training.extra.adam_beta2=0.98",
            "evaluation.metrics=[chrf, ter]",
            "target_lang=de",
        ],
    )
    assert recipe.training.learning_rate == 1e-3
    assert recipe.training.seed == 42
    assert recipe.model.config == {"dropout_rate": 0.1, "d_kv": 32}
    assert recipe.training.extra == {"adam_beta2": 0.98}
    assert choose_metrics(recipe) == ("chrf", "ter")
    assert recipe.target_lang == "de"


@pytest.mark.parametrize("text", ["training.seed", "=3", "training..seed=3"])
def test_what_is_not_an_override(write, text: str) -> None:  # type: ignore[no-untyped-def]
    assert "is not an override" in problems(write(GOOD), text)[0]


def test_an_override_below_a_value(write) -> None:  # type: ignore[no-untyped-def]
    assert "name is a value, not a section" in problems(write(GOOD), "name.x=1")[0]


def test_a_written_recipe_reads_back_the_same(tmp_path: Path) -> None:
    names = [entry.name for entry in list_recipes()]
    assert names
    for name in names:
        recipe = load_recipe(name)
        (tmp_path / "again.yaml").write_text(dump_recipe(recipe), encoding="utf-8")
        assert load_recipe(tmp_path / "again.yaml") == recipe


def test_text_that_looks_like_something_else_is_quoted(write, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    recipe = load_recipe(write(GOOD), ["source_lang='1e-4'", "target_lang='null'"])
    assert recipe.source_lang == "1e-4"
    (tmp_path / "again.yaml").write_text(dump_recipe(recipe), encoding="utf-8")
    assert load_recipe(tmp_path / "again.yaml") == recipe


def test_differing_keys(write) -> None:  # type: ignore[no-untyped-def]
    path = write(GOOD)
    changed = load_recipe(path, ["training.seed=8", "model.config.d_kv=4"])
    assert differing_keys(load_recipe(path), changed) == ["model.config.d_kv", "training.seed"]
    assert differing_keys(changed, changed) == []


def test_the_json_schema_refuses_unknown_keys() -> None:
    schema = recipe_json_schema()
    assert schema["additionalProperties"] is False
    assert "learning_rate" in schema["$defs"]["TrainingSection"]["properties"]


def test_validation_is_fast_and_imports_no_model_library() -> None:
    program = (
        "import sys\n"
        "from t5tune.recipe.loading import load_recipe\n"
        "import time; start = time.perf_counter()\n"
        "load_recipe('wmt-en-de')\n"
        "assert time.perf_counter() - start < 0.5\n"
        "assert not {'torch', 'transformers', 'datasets'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
