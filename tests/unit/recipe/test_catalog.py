from __future__ import annotations

import json
from pathlib import Path

import pytest

from t5tune.errors import T5TuneError
from t5tune.recipe.catalog import copy_recipe, find_recipe, list_recipes, recipe_text
from t5tune.recipe.loading import load_recipe
from tests.conftest import RunCommand


def test_names_and_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shipped = find_recipe("wmt-en-de")
    assert find_recipe("wmt-en-de.yaml") == shipped
    assert find_recipe("recipes/wmt-en-de.yaml") == shipped  # also outside a checkout
    Path("wmt-en-de").write_text("mine")
    assert find_recipe("wmt-en-de") == Path("wmt-en-de")
    with pytest.raises(T5TuneError, match="did you mean wmt-en-de"):
        find_recipe("wmt-en-dee")
    with pytest.raises(T5TuneError, match="neither a file nor"):
        find_recipe("other/wmt-en-de.yaml")
    with pytest.raises(T5TuneError, match="neither a file nor"):
        find_recipe("x" * 300)  # longer than a file name may be


def test_list_and_show(t5tune: RunCommand) -> None:
    result = t5tune("recipes", "list", "--json")
    rows = json.loads(result.out)
    assert [row["name"] for row in rows] == [entry.name for entry in list_recipes()]
    assert all(row["summary"] for row in rows)
    models = {row["name"]: row["model"] for row in rows}
    assert models["xsum"] == "google-t5/t5-small"
    assert models["multi30k-en-de"] is None  # from scratch
    assert len(t5tune("recipes", "list").out.splitlines()) == len(rows)
    assert t5tune("recipes", "show", "xsum").out == recipe_text("xsum")


def test_a_copy_works_as_it_is_and_overwrites_nothing(
    t5tune: RunCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = t5tune("recipes", "copy", "phrasebook-en-de")
    assert result.out.splitlines() == ["phrasebook-en-de.yaml", "phrasebook"]
    recipe = load_recipe("phrasebook-en-de.yaml")
    assert recipe.data.train.file == str(tmp_path / "phrasebook" / "train.tsv")
    assert Path(recipe.data.train.file).is_file()
    again = t5tune("recipes", "copy", "phrasebook-en-de")
    assert again.code == 1
    assert "exists already" in again.err
    assert copy_recipe("xsum", tmp_path / "sub" / "mine.yaml") == [tmp_path / "sub" / "mine.yaml"]


def test_what_has_no_yaml_ending_is_a_directory(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    assert copy_recipe("xsum", folder) == [folder / "xsum.yaml"]
    assert load_recipe(folder / "xsum.yaml").name == "xsum"


def test_a_copy_takes_no_folders_outside_the_recipes_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own"
    (own / "part").mkdir(parents=True)
    (own / "mine.yaml").write_text(
        "data: {train: {source_file: part/a, target_file: ../b}, test: {file: /c/d}}"
    )
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert copy_recipe("../own/mine.yaml") == [Path("mine.yaml"), Path("part")]


def test_a_copy_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(T5TuneError, match="cannot be written"):
        copy_recipe("xsum", tmp_path / "file" / "xsum.yaml")


def test_a_file_that_is_not_a_recipe_gets_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_bytes(b"a: [\xff")
    with pytest.raises(T5TuneError, match="not UTF-8"):
        recipe_text(str(path))
    path.write_text("name: x")
    assert copy_recipe(str(path), tmp_path / "copy.yaml") == [tmp_path / "copy.yaml"]


@pytest.mark.parametrize(
    ("override", "length"),
    [
        ("training.num_train_epochs=1", "1 epoch"),
        ("training.num_train_epochs=0.5", "0.5 epochs"),
        ("training.max_steps=1e6", "1,000,000 steps"),
    ],
)
def test_validate_says_how_long(t5tune: RunCommand, override: str, length: str) -> None:
    assert t5tune("validate", "xsum", override).out.endswith(f", {length})\n")


def test_validate(t5tune: RunCommand, tmp_path: Path) -> None:
    result = t5tune("validate", "xsum")
    assert (result.code, result.out) == (
        0,
        "xsum: a valid recipe (summarization, google-t5/t5-small, 3 epochs)\n",
    )
    assert json.loads(t5tune("validate", "--schema").out)["title"] == "Recipe"
    assert json.loads(t5tune("validate", "xsum", "--json").out)["name"] == "xsum"
    bad = t5tune("validate", "xsum", "training.seed=x")
    assert bad.code == 1
    assert bad.out == ""
    assert bad.err.startswith("error: command line: training.seed:")
