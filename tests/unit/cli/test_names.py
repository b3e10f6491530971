"""Test unknown names of runs, models and recipes: one sentence, at once, with the nearest."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from t5tune.errors import T5TuneError
from t5tune.experiments.found_runs import find_run
from t5tune.models.model_names import choose_model, may_be_hub_id
from t5tune.reporting.comparisons.compared_systems import find_systems
from t5tune.run.directory import find_directory, refuse_run
from tests.conftest import RunCommand, write_tiny_recipe


@pytest.fixture(autouse=True)
def _in_temporary_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("demo", "s1", "s2"):
        Path("runs", name).mkdir(parents=True)


def test_a_name_is_a_directory_a_run_or_a_hub_id() -> None:
    Path("runs/demo/recipe.yaml").write_text("")
    assert choose_model("demo") == choose_model("runs/demo") == "runs/demo"
    assert choose_model("demo/") == "runs/demo"
    Path("demo").mkdir()
    assert choose_model("demo") == "runs/demo", "an empty directory is not what is meant"
    Path("demo/config.json").write_text("{}")
    assert choose_model("demo") == "demo"
    assert choose_model("./demo") == "demo"
    assert choose_model("google-t5/t5-small") == "google-t5/t5-small"
    assert choose_model("t5-small") == "google-t5/t5-small"
    assert find_directory("s1") == Path("runs/s1")
    assert find_directory("x" * 300) is None
    assert find_directory(".") == Path()


def test_a_file_does_not_hide_a_run_of_its_name() -> None:
    Path("runs/demo/recipe.yaml").write_text("")
    Path("demo").write_text("")
    assert find_directory("demo") == Path("runs/demo")
    assert choose_model("demo") == "runs/demo"
    assert find_run("demo").path == Path("runs/demo")
    assert find_systems(["demo", "runs/demo"]) == ["demo", "runs/demo"], "of hypotheses"


def test_what_is_not_a_run_is_not_proposed_itself() -> None:
    assert refuse_run("demo").message == "demo is not a run; runs/ holds s1, s2."
    assert refuse_run("runs/s1").message == "runs/s1 is not a run; runs/ holds demo, s2."
    assert refuse_run("elsewhere/s1").message == "elsewhere/s1 is not a run; did you mean s1?"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("demoo", "; did you mean demo?"),
        ("flan-t5-small", "; did you mean google/flan-t5-small?"),
        ("t5-smal", "; did you mean google-t5/t5-small?"),
        ("opus-mt-en-de", "; did you mean Helsinki-NLP/opus-mt-en-de?"),
        ("gpt2", "; runs/ holds demo, s1, s2."),
        ("", "; runs/ holds demo, s1, s2."),
    ],
)
def test_a_name_without_a_slash_is_not_looked_up_on_the_hub(name: str, hint: str) -> None:
    with pytest.raises(T5TuneError) as error:
        choose_model(name)
    assert error.value.message == (
        f"{name} is neither a run nor a directory, and the name of a model on the hub has an owner "
        f"and a slash{hint}"
    )


@pytest.mark.parametrize("name", ["runs/demoo", "./model", "/nowhere/model", "a/b/c", "~/model"])
def test_a_path_is_not_looked_up_on_the_hub(name: str) -> None:
    assert not may_be_hub_id(name)
    with pytest.raises(T5TuneError, match="is not a directory"):
        choose_model(name)


def test_a_directory_without_a_model_is_refused_at_once() -> None:
    Path("data").mkdir()
    for name, expected in (
        ("data", r"data holds neither a run nor a model; runs/ holds demo, s1, s2\."),
        ("demo", r"runs/demo holds neither a run nor a model\."),
    ):
        with pytest.raises(T5TuneError, match=expected):
            choose_model(name)
    Path("runs/s1/environment.json").write_text("{}")
    with pytest.raises(T5TuneError, match="runs/s1 has no model yet: its training has not begun"):
        choose_model("s1")
    Path("runs/s2/model").mkdir()
    Path("runs/s2/model/config.json").write_text("{}")
    with pytest.raises(T5TuneError, match="runs/s2 is not a run, but runs/s2/model in it is a"):
        choose_model("s2")
    assert choose_model("runs/s2/model") == "runs/s2/model"


MISTAKES = {
    "eval demoo": "demoo is neither a run nor",
    "translate --model demoo x": "demoo is neither a run nor",
    "translate --model runs/demoo x": "runs/demoo is not a directory; did you mean demo?",
    "verify demoo": "demoo is not a run; did you mean demo?",
    "verify": "there is no finished run under runs/",
    "verify demo": "runs/demo holds neither a checkpoint nor a model.",
    "export demoo": "demoo is not a run; did you mean demo?",
    "export demo": "runs/demo is not a finished run.",
    "compare s1 s3": "s3 is not a run or a file; runs/ holds demo, s1, s2.",
    "train wmt": "wmt is neither a file nor the name of a recipe that ships; did you mean mt5-wmt",
    "translate tests.txt": "tests.txt is a file",
    "validate": "No recipe is named.",
    "validate tiny.yaml data.test.file=no.tsv": "data.test.file: no.tsv is not there.",
    "validate tiny.yaml data.train.source=english": "data.train.source: train.tsv: there is no col",
    "train tiny.yaml data.test.file=no.tsv": "data.test.file: no.tsv is not there.",
    "train tiny.yaml data.train.target=german": "data.train.target: train.tsv: there is no column",
    "train tiny.yaml data.train.file=tests.txt": "data.train: tests.txt has one column, text",
    "train tiny.yaml model.from_scratch=null model.name=flan-t5-small": "model.name: flan-t5-small "
    "is not a directory, and the name of a model on the hub has an owner and a slash; did you mean",
    "train tiny.yaml training.lora=8": "command line: training.lora: unknown key; an adapter",
}


def test_mistakes_are_found_before_torch_is_imported() -> None:
    Path("tests.txt").write_text("one\n")
    write_tiny_recipe(Path())
    program = (
        "import json, sys\n"
        "from t5tune.cli.app import main\n"
        "for command in json.load(sys.stdin):\n"
        "    sys.argv = ['t5tune', *command.split()]\n"
        "    print('$', command, file=sys.stderr)\n"
        "    try:\n        main()\n"
        "    except SystemExit as e:\n        assert e.code == 1, command\n"
        "    heavy = {'torch', 'transformers', 'datasets'} & set(sys.modules)\n"
        "    assert not heavy, (command, heavy)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input=json.dumps(list(MISTAKES)), capture_output=True,
        text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answers = dict(text.split("\n", 1) for text in done.stderr.split("$ ")[1:])
    assert answers.keys() == MISTAKES.keys()
    assert sorted(path.name for path in Path("runs").iterdir()) == ["demo", "s1", "s2"]
    for command, expected in MISTAKES.items():
        assert f"error: {expected}" in answers[command]
        assert "\ntry: " in answers[command]


def test_the_nearest_run_of_what_is_not_there(t5tune: RunCommand) -> None:
    assert "did you mean s1" in t5tune("compare", "s2", "s11").err
