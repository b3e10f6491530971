"""`import t5tune`: the functions that the commands call."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

import t5tune as door
from t5tune.errors import T5TuneError


def test_importing_takes_no_time_and_no_model_library() -> None:
    program = (
        "import time, sys\n"
        "start = time.perf_counter()\n"
        "import t5tune\n"
        "seconds = time.perf_counter() - start\n"
        "assert t5tune.__version__ and t5tune.T5TuneError and t5tune.score\n"
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
        time.sleep(0.5)  # others may want the machine
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
    with pytest.raises(T5TuneError, match=r"same number of references.* have 1 or 2"):
        door.score(["a", "b"], [["a"], ["b", "c"]])
    with pytest.raises(T5TuneError, match=r"^references is empty\.$"):
        door.score(["a"], [])
    with pytest.raises(T5TuneError, match="There is no metric 'bloo'"):
        door.score(["a"], ["a"], metrics=["bloo"])
    with pytest.raises(T5TuneError) as raised:
        door.score(["a"], ["a"], metrics=["evaluate:mae"])
    assert "allow_code=True" in str(raised.value.next_command)
