"""Test which run `t5tune train` begins or continues, by the table of docs/runs.md."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from t5tune.errors import T5TuneError
from t5tune.recipe.loading import dump_recipe, load_recipe
from t5tune.recipe.schema import Recipe
from t5tune.run.directory import RunDirectory
from t5tune.run.manifest import write_manifest
from t5tune.training.checkpoints.resuming import RECIPE, fingerprint_recipe, has_trained
from t5tune.training.entry import TrainingRequest, prepare_run
from t5tune.training.preparation.run_choice import choose_run, find_named_run
from tests.conftest import REPOSITORY, RunCommand

OVERRIDES = {
    "shorter": "training.max_steps=4",
    "longer": "training.max_steps=99",
    "another recipe": "training.learning_rate=0.5",
    "a very different recipe": "model.from_scratch={d_model: 32, num_heads: 2}",
}


def read_table() -> list[tuple[str, str, str]]:
    page = (REPOSITORY / "docs" / "runs.md").read_text(encoding="utf-8")
    section = page.split("## Which run a recipe means")[1].split("\n## ")[0]
    rows = [line.strip("|").split(" | ") for line in section.split("\n") if line.startswith("| ")]
    return [(first.strip(), second.strip(), does.strip()) for first, second, does in rows[1:]]


def make_run(path: Path, recipe_file: Path, overrides: Sequence[str], state: str, age: int) -> None:
    """Make a run as training leaves it, without weights."""
    recipe = load_recipe(recipe_file, overrides)
    run = RunDirectory(path)
    path.mkdir(parents=True)
    run.environment.write_text(json.dumps({"recipe": recipe.model_dump(mode="json")}))
    if state != "not trained":
        (run.checkpoints / "checkpoint-4").mkdir(parents=True)
        run.recipe.write_text(dump_recipe(recipe))
    if state == "finished":
        run.model.mkdir()
        (run.model / "config.json").write_text("{}")
        write_manifest(run.model, {RECIPE: fingerprint_recipe(recipe)})
        run.report("test").parent.mkdir(parents=True)
        run.report("test").write_text('{"scores": []}\n')
    time = run.environment.stat().st_mtime - age
    os.utime(run.environment, (time, time))


@pytest.fixture(autouse=True)
def _in_temporary_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def outcome(name: str) -> str:
    """Return what the command would do, in the words of the table."""
    with ExitStack() as stack:
        try:
            begun = prepare_run(TrainingRequest(name), stack, allow_code=False)
        except T5TuneError as error:
            refused = error
        else:
            if begun.stored_report is not None:
                return f"says that it is finished: `{begun.run.path}`"
            return f"{'continues' if has_trained(begun.run) else 'begins'} `{begun.run.path}`"
    differing = re.match(r"(runs/tiny\S*) holds the run of another recipe", refused.message)
    assert differing, refused.message
    assert str(refused.next_command).startswith(f"t5tune train {name} --restart")
    return f"refuses `{differing[1]}`"


@pytest.mark.parametrize(("first", "second", "expected"), read_table())
def test_a_row_of_the_table(first: str, second: str, expected: str, tiny_recipe: Path) -> None:
    for age, (name, cell) in enumerate((("tiny-2", second), ("tiny", first))):
        if cell != "–":
            *length, state = cell.split(", ")
            overrides = [OVERRIDES[length[0]]] if length else []
            make_run(Path("runs", name), tiny_recipe, overrides, state, 100 * age)
    assert outcome("tiny.yaml") == expected.replace("NAME", "tiny")


def test_the_table_has_all_its_rows() -> None:
    rows = read_table()
    assert len(rows) >= 20
    assert len({row[:2] for row in rows}) == len(rows)


def test_the_newest_is_the_one_that_was_worked_on_last(tiny_recipe: Path) -> None:
    for age, name in enumerate(("tiny-7", "tiny-10", "tiny")):
        make_run(Path("runs", name), tiny_recipe, [], "unfinished", 100 * age)
    make_run(Path("runs/tiny-x"), tiny_recipe, [], "unfinished", 0)  # not a number
    assert outcome("tiny.yaml") == "continues `runs/tiny-7`"
    assert choose_run("tiny.yaml", [], None, restart=False).note == (
        "the newest unfinished one of 3 runs of this recipe"
    )


@pytest.mark.parametrize(
    "name", ["runs/tiny-2", "runs/tiny-2/", "./runs/tiny-2/recipe.yaml", "tiny-2"]
)
def test_a_run_means_itself_whatever_its_recipe_is_called(name: str, tiny_recipe: Path) -> None:
    overrides = ["training.seed=5"]
    make_run(Path("runs/tiny"), tiny_recipe, [], "unfinished", 0)
    make_run(Path("runs/tiny-2"), tiny_recipe, overrides, "unfinished", 50)
    chosen = choose_run(name, [], None, restart=False)
    assert chosen.run.path == Path("runs/tiny-2")
    assert chosen.recipe == load_recipe(tiny_recipe, overrides)  # as written, not resolved
    longer = choose_run(name, ["training.max_steps=16"], None, restart=False)
    assert longer.run.path == Path("runs/tiny-2")
    assert longer.recipe == load_recipe(tiny_recipe, [*overrides, "training.max_steps=16"])
    beside = choose_run(name, ["training.seed=6"], None, restart=True)
    assert beside.run.path == Path("runs/tiny-3")
    assert beside.recipe == load_recipe(tiny_recipe, ["training.seed=6"])
    elsewhere = choose_run(name, [], Path("again"), restart=False)
    assert elsewhere.run.path == Path("again")


def test_a_run_without_its_record_cannot_be_continued_by_name(tiny_recipe: Path) -> None:
    make_run(Path("runs/tiny"), tiny_recipe, [], "unfinished", 0)
    Path("runs/tiny/environment.json").unlink()
    with pytest.raises(T5TuneError, match=r"environment\.json is missing or damaged") as error:
        choose_run("runs/tiny", [], None, restart=False)
    assert error.value.next_command == (
        "t5tune train runs/tiny/recipe.yaml --output-dir runs/tiny-2"
    )
    assert choose_run("runs/tiny", [], Path("x"), restart=False).run.path == Path("x")


def test_a_mistake_in_a_change_of_a_run(tiny_recipe: Path) -> None:
    make_run(Path("runs/tiny"), tiny_recipe, [], "unfinished", 0)
    with pytest.raises(T5TuneError, match=r"command line: training\.sed: unknown key"):
        choose_run("runs/tiny", ["training.sed=1"], None, restart=False)


def test_names_that_mean_no_run(tiny_recipe: Path) -> None:
    make_run(Path("runs/xsum"), tiny_recipe, [], "unfinished", 0)
    assert find_named_run("xsum") is None  # a shipped recipe comes first
    assert find_named_run("runs/xsum") is not None
    assert find_named_run("tiny.yaml") is None
    assert find_named_run("x" * 300) is None
    Path("mine").mkdir()
    tiny_recipe.rename("mine/recipe.yaml")  # another recipe with the same name
    assert find_named_run("mine/recipe.yaml") is None
    assert find_named_run("mine") is None
    with pytest.raises(T5TuneError, match="mine is a directory, not a recipe") as error:
        choose_run("mine", [], None, restart=False)
    assert error.value.next_command == "name mine/recipe.yaml instead"
    with pytest.raises(T5TuneError, match="runs is a directory that holds neither"):
        choose_run("./runs", [], None, restart=False)


def test_an_edited_recipe_of_a_run_is_said_to_change_nothing(
    tiny_recipe: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_run(Path("runs/tiny"), tiny_recipe, [], "unfinished", 0)
    path = Path("runs/tiny/recipe.yaml")
    choose_run(str(path), [], None, restart=False)
    assert capsys.readouterr().err == ""
    path.write_text(path.read_text().replace("max_steps: 8", "max_steps: 80"))
    chosen = choose_run(str(path), [], None, restart=False)
    assert chosen.recipe.training.max_steps == 8
    assert "started with (training.max_steps); the run keeps" in capsys.readouterr().err


def test_a_recipe_by_part_of_its_name(t5tune: RunCommand) -> None:
    for command in (["train"], ["validate"], ["recipes", "copy"], ["recipes", "show"]):
        result = t5tune(*command, "wmt")
        assert result.code == 1
        assert result.err == (
            "error: wmt is neither a file nor the name of a recipe that ships; did you mean "
            "mt5-wmt-en-ro or wmt-en-de or wmt-en-ro?\ntry: t5tune recipes list\n"
        )


def test_keys_that_came_later_do_not_change_the_fingerprint_of_a_recipe_without_them() -> None:
    sections = {
        "name": "n",
        "task": "text2text",
        "model": {"name": "a/b"},
        "data": {"train": {"file": "a.tsv"}, "validation": {"hub": "a/b", "split": "test"}},
    }
    recipe = Recipe.model_validate(sections)
    # Of the version that had the fewest keys.
    known = "ea227f28ac5d132b380e6f1c9d253428e5f5eb312372a1934d54eb9f385d8afa"
    assert fingerprint_recipe(recipe) == known
    sections["data"]["train"]["on_bad_row"] = "skip"  # type: ignore[index]
    assert fingerprint_recipe(Recipe.model_validate(sections)) != known
