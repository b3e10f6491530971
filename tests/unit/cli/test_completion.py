"""Test what the Tab key offers, through the functions that the shell calls."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from t5tune.cli import completion
from t5tune.recipe.problems import is_key, list_keys

T5TUNE = Path(sys.executable).with_name("t5tune")


@pytest.fixture(autouse=True)
def _in_temporary_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("demo", "demo-2"):
        Path("runs", name).mkdir(parents=True)
    Path("my recipe.yaml").write_text("")


def bash(program: str, home: Path) -> str:
    environment = {**os.environ, "HOME": str(home), "PATH": f"{T5TUNE.parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "--norc", "-c", program], env=environment, capture_output=True, text=True,
        check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_in_bash_once_it_is_installed(tmp_path: Path) -> None:
    bash("t5tune --install-completion; true", tmp_path)
    script = tmp_path / ".bash_completions" / "t5tune.sh"
    assert f"source '{script}'" in (tmp_path / ".bashrc").read_text()
    lines = (
        ("train", "phrase"),
        ("train", "dem"),
        ("train", "my"),
        ("eval", "demo-"),
        ("compare", "demo", "ba"),
        ("translate", "--model", "dem"),
        ("recipes", "show", "wmt"),
        ("train", "x.yaml", "training.opt"),
        ("train", "x.yaml", "training.learning"),
        ("train", "x.yaml", "training.optim", "=", "adaf"),  # split as in bash
        ("train", "x.yaml", "training.bf16", "="),
        ("eval", "demo", "decoding.num"),
        ("verify", "./ru"),  # bash completes this itself
    )
    program = f"source {shlex.quote(str(script))}\n"
    for words in lines:
        program += f"COMP_WORDS=(t5tune {shlex.join(words)}); COMP_CWORD={len(words)}\n"
        program += '_t5tune_completion t5tune; printf "%s|" "${COMPREPLY[@]}"; echo\n'
    assert [line.rstrip("|").split("|") for line in bash(program, tmp_path).splitlines()] == [
        ["phrasebook-en-de"],
        ["demo", "demo-2"],
        ["my recipe.yaml"],
        ["demo-2"],
        ["base"],
        ["demo", "demo-2"],
        ["wmt-en-de", "wmt-en-ro"],
        ["training.optim=adafactor", "training.optim=adamw_torch"],
        ["training.learning_rate=", "training.learning_rate=NUMBER"],
        ["adafactor"],
        ["true", "false", "auto"],
        ["decoding.num_beams=", "decoding.num_beams=NUMBER"],
        [""],
    ]


def test_other_shells_give_the_whole_word() -> None:
    assert completion.complete_change("training.optim=ada") == [
        "training.optim=adafactor", "training.optim=adamw_torch",
    ]  # fmt: skip
    assert completion.complete_change("evaluation.metrics=") == []
    assert completion.complete_change("no.such.key=") == []
    assert completion.complete_change("data.train.fi") == [
        "data.train.file=", "data.train.file=LIST",
    ]  # fmt: skip


def test_every_key_is_offered() -> None:
    keys = list_keys()
    assert {"name", "training.seed", "data.test.max_examples", "training.extra"} <= set(keys)
    assert all(is_key(key.split(".")) for key in keys)
    assert completion.complete_tried("evaluation.b") == []  # chooses a checkpoint
    assert "decoding.num_beams=" in completion.complete_tried("")


@pytest.mark.parametrize(
    "command", ["", "train", "eval", "translate", "score", "recipes", "recipes copy", "compare"]
)
def test_h_is_help(command: str, t5tune) -> None:  # type: ignore[no-untyped-def]
    short, long = t5tune(*command.split(), "-h"), t5tune(*command.split(), "--help")
    assert short.code == 0
    assert short.out == long.out
    assert short.out.startswith("Usage: ")


def test_the_page_of_a_comparison_is_named(t5tune) -> None:  # type: ignore[no-untyped-def]
    assert "comparison.html (a web page)" in " ".join(t5tune("compare", "-h").out.split())
