"""Test `import t5tune`, the functions that the commands call."""

from __future__ import annotations

import contextlib
import io
import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

import t5tune as door
from t5tune.errors import T5TuneError
from tests.conftest import REPOSITORY, TINY, RunCommand, write_tiny_recipe


def test_importing_takes_no_time_and_no_model_library() -> None:
    program = (
        "import time, sys\n"
        "start = time.perf_counter()\n"
        "import t5tune\n"
        "seconds = time.perf_counter() - start\n"
        "assert t5tune.__version__ and t5tune.T5TuneError and t5tune.silence\n"
        "heavy = {'torch', 'transformers', 'datasets', 'typer'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "print(seconds)\n"
    )
    seconds = []
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", program], check=True, capture_output=True, text=True
        )
        seconds.append(float(done.stdout))
        if seconds[-1] < 0.1:
            return
        time.sleep(0.5)  # the machine may be busy
    pytest.fail(f"import t5tune took {min(seconds):.2f} seconds")


def test_texts_are_scored_as_files_are(tmp_path: Path) -> None:
    hypotheses = ["Das Haus ist klein.", "Ein Test"]
    first, second = (
        ["Das Haus ist sehr klein.", "ein Test"],
        ["Das Haus ist winzig.", "Ein Versuch"],
    )
    for name, lines in (("h", hypotheses), ("1", first), ("2", second)):
        (tmp_path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    one = door.score(tmp_path / "h", tmp_path / "1", metrics=["bleu", "ter"])
    assert one == door.score(hypotheses, first, metrics=["bleu", "ter"])
    assert [score.name for score in one.scores] == ["BLEU", "TER"]
    assert "nrefs:1" in one.scores[0].signature
    two = door.score(str(tmp_path / "h"), [tmp_path / "1", tmp_path / "2"], lowercase=True)
    assert two == door.score(hypotheses, list(zip(first, second, strict=True)), lowercase=True)
    assert {"nrefs:2", "case:lc"} <= set(two.scores[0].signature.split("|"))


def test_what_cannot_be_scored_is_one_sentence() -> None:
    with pytest.raises(T5TuneError, match=r"^hypotheses has 1 texts, but references has 2\.$"):
        door.score(["a"], ["a", "b"])
    with pytest.raises(T5TuneError, match=r"equally many references.* have 1 or 2"):
        door.score(["a", "b"], [["a"], ["b", "c"]])
    with pytest.raises(T5TuneError, match=r"^references is empty\.$"):
        door.score(["a"], [])
    with pytest.raises(T5TuneError, match="There is no metric 'bloo'"):
        door.score(["a"], ["a"], metrics=["bloo"])
    with pytest.raises(T5TuneError) as raised:
        door.score(["a"], ["a"], metrics=["evaluate:mae"])
    assert "allow_code=True" in str(raised.value.next_command)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory in which the page's snippets have run, in order."""
    folder = tmp_path_factory.mktemp("door")
    recipe = write_tiny_recipe(folder)
    text = recipe.read_text(encoding="utf-8")
    (folder / "mine.yaml").write_text(text.replace("name: tiny", "name: mine"), encoding="utf-8")
    rows = [
        line.split("\t")
        for line in (folder / "test.tsv").read_text(encoding="utf-8").splitlines()[1:]
    ]
    for name, column in (("new.en", 0), ("new.de", 1), ("references.txt", 1)):
        (folder / name).write_text("".join(f"{row[column]}\n" for row in rows), encoding="utf-8")
    (folder / "hypotheses.txt").write_text("eins zwei\n" * len(rows), encoding="utf-8")
    return folder


@pytest.fixture
def in_folder(trained: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(trained)
    return trained


def read_snippets() -> list[str]:
    page = (REPOSITORY / "docs" / "python.md").read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def test_the_snippets_of_the_page_run(
    in_folder: Path, capsys: pytest.CaptureFixture[str], t5tune: RunCommand
) -> None:
    snippets = read_snippets()
    assert len(snippets) >= 6
    names: dict[str, object] = {}
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        for snippet in snippets:
            exec(compile(snippet, "docs/python.md", "exec"), names)
    assert "nrefs:1" in printed.getvalue()
    assert "unknown key; did you mean max_steps?" in printed.getvalue()
    said = capsys.readouterr()
    assert said.out == "", "only the snippets print"
    assert "run: runs/mine" in said.err

    result = names["result"]
    assert isinstance(result, door.TrainingResult)
    assert result.report is not None
    stored = in_folder / "runs" / "mine" / "eval" / "test" / "report.json"
    assert door.format_json(result.report) + "\n" == stored.read_text(encoding="utf-8")
    lines = Path("translated.de").read_text(encoding="utf-8").splitlines()
    command = t5tune("translate", "--model", "mine", "--input", "new.en", "--num-beams", "2")
    assert lines == command.out.splitlines()
    assert Path("translated.tsv").read_text(encoding="utf-8").startswith("en\tde\tmachine\n")
    candidates = Path("candidates.jsonl").read_text(encoding="utf-8").splitlines()
    assert [len(json.loads(line)["n_best"]) for line in candidates] == [3] * len(lines)
    # The command finds the run finished, and the call returns its report.
    again = t5tune("train", "mine.yaml", "training.max_steps=8", "training.eval_steps=4", "--json")
    assert again.code == 0
    assert again.out == stored.read_text(encoding="utf-8")
    assert "this run is finished: runs/mine" in again.err
    found = door.train("mine.yaml", training={"max_steps": 8, "eval_steps": 4})
    assert found.stored_report == Path("runs/mine/eval/test/report.json")
    assert found.report is not None
    assert found.report.to_json() == result.report.to_json()
    assert door.evaluate("mine").to_json() == result.report.to_json()


def test_a_dictionary_trains_the_same_run(in_folder: Path) -> None:
    recipe = {**TINY, "name": "of-a-dictionary", "export": "none"}
    result = door.train(recipe, training={"max_steps": 4}, output_dir="elsewhere")
    assert result.run.path == Path("elsewhere")
    assert result.report is not None
    environment = json.loads((in_folder / "elsewhere" / "environment.json").read_text())
    assert environment["command"] is None
    with pytest.raises(T5TuneError) as raised:
        door.train(recipe, training={"max_steps": 4, "seed": 7}, output_dir="elsewhere")
    assert raised.value.message == (
        "elsewhere holds the run of another recipe; these keys differ: training.seed."
    )
    assert "restart=True" in str(raised.value.next_command)

    model = door.load("elsewhere", engine="torch")
    assert (model.name, model.engine) == ("elsewhere", "torch")
    blank, text = model.translate([" ", "one two"], num_beams=1)
    assert blank.text == ""
    assert text.num_tokens > 0
    none, three = model.translate_n_best(["", "one two"], 3)
    assert [hypothesis.text for hypothesis in none] == [""]
    assert len(three) == 3
    scores = [hypothesis.score for hypothesis in three]
    assert None not in scores
    assert scores == sorted(scores, reverse=True)  # type: ignore[type-var]
    with pytest.raises(T5TuneError, match=r"num_beam is not a setting .* did you mean num_beams\?"):
        model.translate(["one"], num_beam=2)
    with pytest.raises(T5TuneError, match="takes a list of texts"):
        model.translate("one")
    lazy = door.load("elsewhere", is_lazy=True)
    with pytest.raises(T5TuneError, match="num_beam is not a setting"):
        lazy.translate_file(["one"], "out.txt", num_beam=2)
    lazy.translate_file(["", " "], "out.txt")
    assert not lazy.is_open
    lazy.translate_file(["one two", "", "three"], "out.txt")
    assert lazy.is_open
    translated = [found.text for found in model.translate(["one two", "", "three"])]
    assert Path("out.txt").read_text(encoding="utf-8").splitlines() == translated


def test_what_is_not_there_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(T5TuneError, match="neither a file nor the name of a recipe"):
        door.train("nothing.yaml")
    with pytest.raises(T5TuneError, match="no finished run under runs/"):
        door.load()
    with pytest.raises(T5TuneError, match="neither a run nor a directory"):
        door.evaluate("nothing")
    with pytest.raises(T5TuneError, match="nothing to compare it with"):
        door.compare("one")
