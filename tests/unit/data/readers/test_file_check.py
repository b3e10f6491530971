"""Test what `validate` and `train` say about files before they read them."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from t5tune.data.readers.tables import read_columns
from t5tune.errors import T5TuneError
from t5tune.files.file_format import MOST_CHARACTERS
from t5tune.recipe.catalog import list_recipes
from t5tune.recipe.loading import load_recipe
from t5tune.training.preparation.inputs import check_inputs
from tests.conftest import RunCommand


@pytest.fixture(autouse=True)
def _in_temporary_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def problem(recipe: Path, *overrides: str) -> str:
    with pytest.raises(T5TuneError) as error:
        check_inputs(load_recipe(recipe, overrides))
    assert error.value.next_command
    return error.value.message


def test_what_is_right_passes(tiny_recipe: Path, t5tune: RunCommand) -> None:
    check_inputs(load_recipe(tiny_recipe))
    assert t5tune("validate", tiny_recipe).code == 0
    for entry in list_recipes():
        if "g2p" not in entry.name:  # on the user's own word list
            check_inputs(load_recipe(entry.path))
    result = t5tune("validate", "g2p")
    assert result.err.startswith("error: 3 problems:\ndata.train.file: ")
    assert result.err.endswith(
        "try: t5tune recipes show g2p   # says which data it needs, and where\n"
    )


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("data.test.file=no.tsv", "data.test.file: no.tsv is not there."),
        ("data.train.file=.", "data.train.file: . is a directory, not a file."),
        ("data.train.file=notes", "data.train.file: the ending of notes does not tell its format."),
        ("evaluation.contrastive=no.tsv", "evaluation.contrastive: no.tsv is not there."),
        ("evaluation.contrastive=train.tsv",
         "train.tsv, line 2: `source` is missing or blank."),
        ("data.train.file=empty.tsv", "data.train: empty.tsv holds no example."),
        ("data.train.source=english",
         "data.train.source: train.tsv: there is no column english (columns: en, de)."),
        ("data.train.source={en} {dee}",
         "data.train.source: train.tsv: there is no column dee; did you mean de? "
         "(columns: en, de)."),
        ("data.train.references=[de2]",
         "data.train.references: train.tsv: there is no column de2; did you mean de? "
         "(columns: en, de)."),
        ("target_lang=fr",
         "data.train: which column of train.tsv is the target? (columns: en, de)"),
        ("data.train={source_file: train.tsv, target_file: no.de}",
         "data.train.target_file: no.de is not there."),
        ("data.train={source_file: train.tsv, target_file: test.tsv, references: [no.de]}",
         "data.train.references: no.de is not there."),
        ("training.deepspeed_config=no.json",
         "training.deepspeed_config: no.json is not there."),
        ("model={name: ./no}", "model.name: no is not a directory."),
        ("model={name: gpt2}", "model.name: gpt2 is not a directory, and the name of a model "
         "on the hub has an owner and a slash."),
        ("model={name: ./runs/demo}",
         "model.name: runs/demo is a run, and its model is in a directory of its own."),
        ("model.from_scratch.tokenizer={type: existing, name: ./no}",
         "model.from_scratch.tokenizer.name: no is not a directory."),
    ],
)  # fmt: skip
def test_a_problem(override: str, expected: str, tiny_recipe: Path) -> None:
    Path("notes").write_text("…")
    Path("empty.tsv").write_text("")
    Path("runs/demo/model").mkdir(parents=True)
    Path("runs/demo/model/config.json").write_text("{}")
    more = ["training.sharding=deepspeed", "training.optim=adamw_torch"]
    overrides = [override, *(more if "deepspeed" in override else [])]
    found = problem(tiny_recipe, *overrides)
    # A missing language is missing in all three files.
    assert (found.split("\n")[1] if "3 problems" in found else found) == expected


def test_all_problems_are_told_at_once(tiny_recipe: Path) -> None:
    found = problem(
        tiny_recipe, "data.train.file=a.tsv", "data.validation.file=b.csv", "model={name: x}"
    )
    assert found.split("\n")[:3] == [
        "3 problems:",
        "data.train.file: a.tsv is not there.",
        "data.validation.file: b.csv is not there.",
    ]


def write(name: str, content: str) -> Path:
    Path(name).write_text(content, encoding="utf-8", newline="")
    return Path(name)


def test_columns_of_every_format() -> None:
    rows = [{"en": "1", "de": "2"}] * 2
    table = pa.table({"en": ["1"], "de": ["2"]})
    pq.write_table(table, "a.parquet")
    for path, kind in (
        (write("a.tsv", "\ufeffen\tde\r\n1\t2\r\n"), "tsv"),
        (write("a.csv", '\n"en",de\n1,2\n'), "csv"),
        (write("a.jsonl", '\n{"en": "1"}\n{"de": "2"}\n[1]\n'), "jsonl"),
        (write("a.json", json.dumps(rows, indent=1)), "json"),
        (write("b.json", json.dumps({"version": 2, "data": rows})), "json"),
        (write("c.json", "\n".join(map(json.dumps, rows))), "json"),
        (Path("a.parquet"), "parquet"),
    ):
        assert read_columns(path, kind) == ["en", "de"], path
        Path("empty").write_text("")
        assert read_columns(Path("empty"), kind) == []


def test_what_the_beginning_does_not_tell_is_left_to_the_reader() -> None:
    for content, kind in (
        (b"\x1f\x8b\x08\x00\xff\xff", "tsv"), (b'"a\n', "csv"), (b"[" * 200_000, "json"),
        (b"{", "jsonl"), (b"PAR1", "parquet"), (b'["a"]', "json"),
        (b" " * MOST_CHARACTERS + b"[]", "json"),
    ):  # fmt: skip
        Path("x").write_bytes(content)
        assert read_columns(Path("x"), kind) is None, content[:9]


def test_a_large_file_is_not_read() -> None:
    Path("large.jsonl").write_text('{"en": "1", "de": "2"}\n' * 2_000_000)
    started = time.process_time()
    assert read_columns(Path("large.jsonl"), "jsonl") == ["en", "de"]
    assert time.process_time() - started < 0.1
