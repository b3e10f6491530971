"""Test that statistics of several systems do not depend on the number of processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from t5tune.errors import T5TuneError
from t5tune.scoring.compute import score_hypotheses, sentence_scores
from t5tune.scoring.score import ScoringOptions
from t5tune.scoring.significance import fresh_process
from t5tune.scoring.significance.collecting import collect_systems
from t5tune.scoring.system_output import SystemOutput
from tests.unit.scoring.sample_texts import OWN_METRICS, SampleTexts

METRICS = ("bleu", "rouge", "wer")


def test_processes_change_nothing() -> None:
    texts = SampleTexts(1, 21, 2)
    systems = [texts.system(), texts.system(), texts.system()]
    alone, shared = (
        collect_systems(
            METRICS,
            [SystemOutput(one, texts.references) for one in systems],
            ScoringOptions(),
            num_processes=num_processes,
        )
        for num_processes in (1, 3)
    )
    for of_metric, same in zip(alone, shared, strict=True):
        for one, other in zip(of_metric, same, strict=True):
            assert one.scores == other.scores
            assert one.examples == other.examples


def test_scores_and_examples_are_those_of_each_system_alone() -> None:
    texts = SampleTexts(2, 15)
    systems = [texts.system(), texts.system(0.5)]
    found = collect_systems(
        OWN_METRICS, [SystemOutput(one, texts.references) for one in systems], ScoringOptions()
    )
    for metric, of_metric in zip(OWN_METRICS, found, strict=True):
        for hypotheses, one in zip(systems, of_metric, strict=True):
            assert list(one.scores) == score_hypotheses(
                [metric], SystemOutput(hypotheses, texts.references)
            )
            assert list(one.examples) == sentence_scores(
                metric, SystemOutput(hypotheses, texts.references)
            )


@pytest.mark.parametrize(
    "program", ["", "raise SystemExit(1)", "import os; os.kill(os.getpid(), 9)"]
)
def test_a_part_whose_process_dies_is_collected_here(
    monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    texts = SampleTexts(3, 9)
    systems = [texts.system()]
    expected = collect_systems(
        METRICS, [SystemOutput(one, texts.references) for one in systems], ScoringOptions()
    )
    monkeypatch.setattr(fresh_process, "_PROGRAM", program)
    found = collect_systems(
        METRICS,
        [SystemOutput(one, texts.references) for one in systems],
        ScoringOptions(),
        num_processes=2,
    )
    assert found[0][0].scores == expected[0][0].scores


def test_a_script_needs_no_guard_and_no_file_of_the_folder_is_imported(tmp_path: Path) -> None:
    script, folder = tmp_path / "script.py", tmp_path / "folder"
    folder.mkdir()
    for name in ("pickle", "numpy", "t5tune"):
        (folder / f"{name}.py").write_text("print('imported')", encoding="utf-8")
    lines = (
        "from t5tune.scoring.score import ScoringOptions",
        "from t5tune.scoring.significance.collecting import collect_systems",
        "from t5tune.scoring.system_output import SystemOutput",
        "system = SystemOutput(['a b c d'] * 9, [['a b c d']] * 9)",
        "[[found]] = collect_systems(['bleu'], [system], ScoringOptions(), num_processes=3)",
        "print(round(found.scores[0].value), len(found.examples))",
    )
    script.write_text("\n".join(lines), encoding="utf-8")
    command = [sys.executable, str(script)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert (done.stdout, done.stderr, done.returncode) == ("100 9\n", "", 0)


def test_numbers_that_differ_are_a_user_error() -> None:
    with pytest.raises(T5TuneError, match="2 hypotheses but references for 1"):
        collect_systems(
            ["wer"], [SystemOutput(one, [["a"]]) for one in [["a"], ["a", "b"]]], ScoringOptions()
        )


def test_processes_do_not_import_model_libraries() -> None:
    code = (
        "import sys\n"
        "import t5tune.scoring.significance.collecting, t5tune.scoring.significance.paired_tests\n"
        "heavy = {'torch', 'transformers', 'datasets', 'rich', 'pydantic'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_tokenised_texts_are_told_once_a_system(capsys: pytest.CaptureFixture[str]) -> None:
    hypotheses, references = ["a b ."] * 120, [["a b ."]] * 120
    collect_systems(
        ["bleu", "chrf"],
        [SystemOutput(one, references) for one in [hypotheses, ["a b."] * 120]],
        ScoringOptions(),
        num_processes=2,
    )
    assert capsys.readouterr().err.count("look tokenised") == 1
