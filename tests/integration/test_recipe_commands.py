"""Test `t5tune recipes` and `t5tune validate` as separate processes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("torch", "transformers", "datasets")


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run `python -m t5tune`; the last line of stderr names the imported model libraries."""
    program = (
        "import atexit, json, sys\n"
        f"atexit.register(lambda: print(json.dumps([m for m in {HEAVY!r} if m in sys.modules]),"
        " file=sys.stderr))\n"
        f"sys.argv = ['t5tune', *{list(arguments)!r}]\n"
        "import runpy; runpy.run_module('t5tune', run_name='__main__')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True, text=True, check=False, timeout=60, cwd=cwd,
    )  # fmt: skip
    *lines, heavy = done.stderr.splitlines()
    assert json.loads(heavy) == []
    done.stderr = "\n".join(lines)
    return done


def test_from_the_list_to_a_valid_copy(tmp_path: Path) -> None:
    listed = run("recipes", "list", "--json", cwd=tmp_path)
    assert listed.returncode == 0
    assert "phrasebook-en-de" in [row["name"] for row in json.loads(listed.stdout)]

    copied = run("recipes", "copy", "phrasebook-en-de", "mine/", cwd=tmp_path)
    assert copied.stdout.splitlines() == ["mine/phrasebook-en-de.yaml", "mine/phrasebook"]
    assert copied.stderr == "try: t5tune train mine/phrasebook-en-de.yaml"
    assert (tmp_path / "mine" / "phrasebook" / "train.tsv").is_file()

    valid = run("validate", "mine/phrasebook-en-de.yaml", cwd=tmp_path)
    assert valid.returncode == 0
    assert valid.stdout.startswith("mine/phrasebook-en-de.yaml: a valid recipe (translation, ")
    assert valid.stderr == ""


def test_all_problems_come_on_stderr_without_a_traceback(tmp_path: Path) -> None:
    shown = run("recipes", "show", "xsum", cwd=tmp_path).stdout
    (tmp_path / "x.yaml").write_text(
        shown.replace("learning_rate:", "learning_rat:").replace("task: summar", "task: sumar"),
        encoding="utf-8",
    )
    lines = {line.split(":")[0]: i for i, line in enumerate(shown.split("\n"), start=1)}
    done = run("validate", "x.yaml", "training.sed=1", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.split("\n") == [
        "error: 3 problems:",
        f"x.yaml:{lines['task']}: task: expected translation, summarization, text2text or denoise, "
        "found 'sumarization'; did you mean summarization?",
        f"x.yaml:{lines['  learning_rate']}: training.learning_rat: unknown key; "
        "did you mean learning_rate?",
        "command line: training.sed: unknown key; did you mean seed?",
        "try: correct the lines, then: t5tune validate x.yaml",
    ]


@pytest.mark.parametrize("arguments", [("validate",), ("recipes", "show", "xsm")])
def test_a_user_error_is_a_sentence_and_a_command(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 1
    first, second = done.stderr.split("\n")
    assert first.startswith("error: ")
    assert second.startswith("try: t5tune ")
