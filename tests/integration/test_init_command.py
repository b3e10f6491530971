"""Test `t5tune init`: from a spreadsheet to a recipe that trains."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path

import pytest
import yaml

from t5tune.recipe.loading import load_recipe
from tests.conftest import RunCommand, number_pairs, write_pairs
from tests.hub.models import t5_files
from tests.hub.server import Hub

SHORT = ["training.max_steps=2", "decoding.num_beams=1", "export=none", "training.bf16=false"]
SMALL = [
    "model.from_scratch.d_model=16", "model.from_scratch.d_ff=16",
    "model.from_scratch.num_layers=1", *SHORT,
]  # fmt: skip


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_sheet(path: Path, num: int = 60) -> None:
    """Write what a German spreadsheet program saves, with a row that is one cell short."""
    rows = ["Nr.;Englisch;Deutsch"]
    rows += [f'{n};"{a} – {a}";"{b} – {b}"' for n, (a, b) in enumerate(number_pairs(num))]
    rows.insert(7, "7;only one")
    path.write_bytes("\r\n".join(rows).encode("cp1252"))


def test_a_spreadsheet_becomes_a_recipe_that_is_valid_and_trains(
    here: Path, t5tune: RunCommand
) -> None:
    write_sheet(here / "sheet.csv")
    made = t5tune("init", "sheet.csv", "--yes", "--model", "scratch")
    assert made.code == 0, made.err
    recipe = here / "sheet-en-de.yaml"
    assert "1 row that cannot be read was left out" in made.out
    assert f"t5tune train {recipe.name}" in made.out
    text = recipe.read_text(encoding="utf-8")
    assert "# a semicolon separates the cells" in text or "a semicolon separates" in text
    values = yaml.safe_load(text)
    assert values["data"]["train"] == {
        "file": "sheet.csv", "encoding": "cp1252", "delimiter": ";", "on_bad_row": "skip",
    }  # fmt: skip
    assert (values["data"]["source"], values["data"]["target"]) == ("Englisch", "Deutsch")
    assert values["data"]["test"] == {"from": "train", "size": 6, "seed": 0}
    assert t5tune("validate", recipe).code == 0
    trained = t5tune("train", recipe, *SMALL)
    assert trained.code == 0, trained.err
    assert (here / "runs" / "sheet-en-de" / "eval" / "test" / "report.json").is_file()


@pytest.mark.parametrize("headings", [("Englisch", "Deutsch"), None])
def test_a_workbook_becomes_a_recipe_that_is_valid_and_trains(
    here: Path, t5tune: RunCommand, headings: tuple[str, str] | None
) -> None:
    openpyxl = pytest.importorskip("openpyxl", reason="the extra for spreadsheets is missing")
    workbook = openpyxl.Workbook()
    for row in [*([headings] if headings else []), *number_pairs(60)]:
        workbook.active.append(row)
    workbook.create_sheet("Notes").append(["by Anna"])
    workbook.save(here / "book.xlsx")
    made = t5tune("init", "book.xlsx", "--yes", "--model", "scratch")
    assert made.code == 0, made.err
    assert "60 pairs" in made.out
    assert "the sheet Sheet is read, and Notes is not" in made.out
    assert "t5tune serve book-en-de " in made.out
    data = load_recipe(here / "book-en-de.yaml").data
    assert data.entries["train"].columns == (None if headings else ["en", "de"])
    assert t5tune("validate", "book-en-de.yaml").code == 0
    trained = t5tune("train", "book-en-de.yaml", *SMALL)
    assert trained.code == 0, trained.err


def test_the_title_above_the_headings_of_a_workbook_is_left_out(
    here: Path, t5tune: RunCommand
) -> None:
    openpyxl = pytest.importorskip("openpyxl", reason="the extra for spreadsheets is missing")
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet["A1"] = "Captions of the year"
    sheet.merge_cells("A1:C1")
    for row in [(), ("English", "German", "Remark"), *number_pairs(59), ("Total", 59)]:
        sheet.append(row)
    workbook.save(here / "book.xlsx")
    made = t5tune("init", "book.xlsx", "--yes", "--model", "scratch")
    assert made.code == 0, made.err
    assert "60 pairs" in made.out
    data = load_recipe(here / "book-en-de.yaml").data
    assert (data.entries["train"].skip_rows, data.source) == (1, "English")
    assert "1 pair with letters on one side only, the last one Total | 59 (1.7 %)" in made.out
    trained = t5tune("train", "book-en-de.yaml", *SMALL)
    assert trained.code == 0, trained.err


def test_the_language_tells_the_code_page_and_other_files_beside_are_left_alone(
    here: Path, t5tune: RunCommand
) -> None:
    rows = [f"The old house {n} was sold;Старый дом {n} у реки продали весной" for n in range(40)]
    (here / "train.csv").write_bytes("\n".join(["en;ru", *rows]).encode("cp1251"))
    (here / "dev.csv").write_text("name;age\nAnna;7\n", encoding="utf-8")
    made = t5tune("init", "train.csv", "--yes", "--model", "scratch", "--output", "ru.yaml")
    assert made.code == 0, made.err
    data = load_recipe(here / "ru.yaml").data
    assert data.entries["train"].encoding == "cp1251"
    assert "dev.csv, beside the training data, cannot be used" in made.out
    assert list(data.cuts) == ["validation", "test"]


@pytest.mark.parametrize(
    ("words", "sides"),
    [
        (["--source-lang", "de", "--target-lang", "en"], ("German", "English", "de", "en")),
        (["--target-lang", "en"], ("German", "English", "de", "en")),
        (["--source-lang", "fr", "--target-lang", "de"], ("French", "German", "fr", "de")),
    ],
)
def test_the_languages_that_are_asked_for_choose_the_columns(
    here: Path, t5tune: RunCommand, words: list[str], sides: tuple[str, ...]
) -> None:
    rows = [(a, b, f"{a.replace('the', 'le')} la maison") for a, b in number_pairs(40)]
    num = 3 if "fr" in words else 2
    lines = [("English", "German", "French"), *rows]
    text = "".join("\t".join(line[:num]) + "\n" for line in lines)
    (here / "sheet.tsv").write_text(text, encoding="utf-8")
    made = t5tune("init", "sheet.tsv", "--yes", "--model", "scratch", "--output", "r.yaml", *words)
    assert made.code == 0, made.err
    recipe = load_recipe(here / "r.yaml")
    assert (recipe.data.source, recipe.data.target) == sides[:2]
    assert (recipe.source_lang, recipe.target_lang) == sides[2:]


@pytest.mark.parametrize("names", [("all.en", "all.de"), ("all.de", "all.en")])
def test_two_files_are_exchanged_in_the_recipe_too(
    here: Path, t5tune: RunCommand, names: tuple[str, str]
) -> None:
    english = [f"The old house number {n} was sold in spring." for n in range(60)]
    german = [f"Das alte Haus Nummer {n} wurde im Frühling verkauft." for n in range(60)]
    for name, texts in zip(("all.en", "all.de"), (german, english), strict=True):  # the wrong way
        (here / name).write_text("\n".join(texts), encoding="utf-8")
    made = t5tune("init", *names, "--yes", "--model", "scratch", "--output", "r.yaml")
    assert made.code == 0, made.err
    assert "they are exchanged" in made.out
    recipe = load_recipe(here / "r.yaml")
    first = "en" if names[0] == "all.en" else "de"
    assert recipe.source_lang == first
    assert str(recipe.data.entries["train"].source_file).endswith(names[1])


def test_a_recipe_is_replaced_only_on_request(here: Path, t5tune: RunCommand) -> None:
    write_pairs(here, "train", number_pairs(40))
    write_pairs(here, "dev", number_pairs(6, 200))
    arguments = ("init", "train.tsv", "--model", "scratch", "--output", "mine.yaml")
    made = t5tune(*arguments, "--json")
    said = json.loads(made.out)
    assert said["recipe"] == "mine.yaml"
    assert all(set(choice) == {"key", "value", "reason"} for choice in said["choices"])
    data = load_recipe(here / "mine.yaml").data
    assert Path(str(data.entries["validation"].file)).name == "dev.tsv"  # it lies there
    assert list(data.cuts) == ["test"]
    again = t5tune(*arguments)
    assert again.code == 1
    assert "--overwrite" in again.err
    assert t5tune(*arguments, "--overwrite").code == 0


def test_on_a_terminal_the_direction_is_asked(
    here: Path, t5tune: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = number_pairs(40)
    for side, name in enumerate(("all.en", "all.de")):
        (here / name).write_text("".join(f"{pair[side]}\n" for pair in pairs), encoding="utf-8")
    stdin = io.StringIO("de en\n\n")
    monkeypatch.setattr(stdin, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", stdin)
    made = t5tune("init", "all.en", "all.de", "--model", "scratch", "--output", "r.yaml")
    assert made.err.count("?") == 2
    recipe = load_recipe(here / "r.yaml")
    assert (recipe.source_lang, recipe.target_lang) == ("de", "en")
    entry = recipe.data.entries["train"]
    assert str(entry.source_file).endswith("all.de")
    assert stdin.read() == ""


def test_a_pretrained_model_is_taken_where_the_hub_has_one(
    here: Path, t5tune: RunCommand, hub_here: Hub
) -> None:
    hub_here.add("models", "google-t5/t5-small", t5_files("pickled"))
    write_pairs(here, "pairs", number_pairs(40))
    made = t5tune("init", "pairs.tsv")
    assert made.code == 0, made.err
    model = load_recipe(here / "pairs-en-de.yaml").model
    assert (model.name, model.allow_pickle) == ("google-t5/t5-small", True)
    trained = t5tune("train", "pairs-en-de.yaml", *SHORT)
    assert trained.code == 0, trained.err
    os.remove("pairs-en-de.yaml")  # noqa: PTH107 (the test's own)
    hub_here.stop()
    assert t5tune("init", "pairs.tsv").code == 0
    assert load_recipe(here / "pairs-en-de.yaml").model.name == model.name  # of the cache


def test_an_object_that_lacks_a_field_is_left_out_even_if_it_is_the_first(
    here: Path, t5tune: RunCommand
) -> None:
    rows = [{"src": a, "tgt": b} if n else {"src": a} for n, (a, b) in enumerate(number_pairs(40))]
    (here / "a.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    made = t5tune("init", "a.jsonl", "--yes", "--model", "scratch", "--output", "r.yaml")
    assert made.code == 0, made.err
    assert "39 pairs" in made.out
    assert "1 row that cannot be read was left out" in made.out


def test_shares_of_nearly_all_are_whole_numbers(here: Path, t5tune: RunCommand) -> None:
    rows = number_pairs(6) * 200
    write_pairs(here, "same", rows)
    made = t5tune("init", "same.tsv", "--yes", "--model", "scratch", "--output", "r.yaml")
    assert made.code == 0, made.err
    assert "1,194 pairs that repeat earlier ones (100 %)" in made.out


@pytest.mark.parametrize("labels", [("0", "1"), ("good", "bad")])
def test_labels_are_in_no_language_and_may_be_numbers(
    here: Path, t5tune: RunCommand, hub_here: Hub, labels: tuple[str, str]
) -> None:
    hub_here.add("models", "google-t5/t5-small", t5_files("pickled"))
    lines = [f"The {n} old houses were sold by us\t{labels[n % 2]}" for n in range(60)]
    (here / "a.tsv").write_text("\n".join(["text\tlabel", *lines]), encoding="utf-8")
    made = t5tune("init", "a.tsv", "--yes", "--output", "r.yaml")
    assert made.code == 0, made.err
    recipe = load_recipe(here / "r.yaml")
    assert (recipe.data.source, recipe.data.target) == ("text", "label")
    assert recipe.model.name == "google-t5/t5-small"
    assert recipe.evaluation.metrics == ["exact_match"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["none.csv"], "none.csv is not there"),
        (["three.tsv"], "nothing tells which ones are source and target"),
        (["three.tsv", "--source", "x", "--target", "de"], "no column x (columns: en, de, fr)"),
        (["three.tsv", "--source", "fr"], "t5tune init three.tsv --source fr --target en "),
        (["same.tsv"], "Every target of same.tsv is its source: source and target have the same"),
        (["three.tsv", "--encoding", "latin99"], "no encoding is called latin99"),
        (["three.tsv", "--encoding", "hex"], "no encoding is called hex"),
        (["/dev/null"], "/dev/null is not a regular file"),
        (["https://example.org/a.csv"], "curl -LO https://example.org/a.csv"),
    ],
)
def test_what_cannot_be_used_is_named(
    here: Path, t5tune: RunCommand, words: list[str], said: str
) -> None:
    rows = "".join(f"{a}\t{b}\t{a} {b}\n" for a, b in number_pairs(20))
    (here / "three.tsv").write_text(f"en\tde\tfr\n{rows}", encoding="utf-8")
    rows = "".join(f"{a}\t{a}\n" for a, _ in number_pairs(20))
    (here / "same.tsv").write_text(f"source\ttarget\n{rows}", encoding="utf-8")
    result = t5tune("init", *words, "--yes", "--model", "scratch")
    assert result.code == 1
    assert said in result.err
    assert "try: " in result.err
    assert not list(here.glob("*.yaml"))
