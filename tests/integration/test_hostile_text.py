"""Test that foreign names and texts never move the cursor, wherever they are printed."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pexpect
import pytest

from tests.conftest import RunCommand, TrainOnce

EVIL = "evil\x1b]0;title\x07\x1b[2J\x9b31m\u202e"
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def check(text: str) -> None:
    assert not CONTROLS.search(text), repr(text)
    assert r"evil\x1b]0;title\x07\x1b[2J\x9b31m\u202e" in text


def test_a_header_and_a_name(
    t5tune: RunCommand, tiny_recipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tiny_recipe.parent)
    Path("evil.tsv").write_text(f"{EVIL}\tx\na\tb\n", encoding="utf-8")
    place = ["data.train.file=evil.tsv"]
    done = t5tune("train", tiny_recipe, *place, "data.train.source=nope", "data.train.target=x")
    assert done.code == 1
    check(done.err)
    done = t5tune("validate", tiny_recipe, f"name={EVIL}/x")
    check(done.err)
    done = t5tune("validate", tiny_recipe, f"training.{EVIL}=1")
    check(done.err)
    tiny_recipe.write_text(tiny_recipe.read_text() + '"a\\ntry: rm -rf .": 1\n', encoding="utf-8")
    done = t5tune("validate", tiny_recipe)
    assert next(line for line in done.err.split("\n") if "rm -rf" in line).startswith("error: ")
    tiny_recipe.write_text(tiny_recipe.read_text().rpartition('"a')[0], encoding="utf-8")
    done = t5tune("train", tiny_recipe, "--output-dir", EVIL, "training.max_steps=2")
    assert done.code == 0
    check(done.err)


def test_files_and_values(
    t5tune: RunCommand, train_once: TrainOnce, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = train_once() / "runs/tiny"
    monkeypatch.chdir(tmp_path)
    Path(EVIL).write_bytes(b"\xff\n")
    for arguments in (
        ("score", EVIL, "--reference", EVIL),
        ("score", EVIL, "--reference", EVIL, "--metric", EVIL),
        ("recipes", "show", EVIL),
        ("translate", "--model", EVIL, "a"),
        ("translate", "--model", run, "--input", EVIL, "--column", "1", "--format", EVIL),
        ("verify", EVIL),
        ("compare", EVIL, EVIL),
        ("eval", EVIL),
    ):
        done = t5tune(*arguments)
        assert done.code == 1, arguments
        assert done.out == ""
        check(done.err)


def test_hypotheses_on_a_terminal(tmp_path: Path) -> None:
    (tmp_path / "out.txt").write_text(f"{EVIL}\n" * 5, encoding="utf-8")
    (tmp_path / "ref.txt").write_text("a b c d e\n" * 5, encoding="utf-8")
    child = pexpect.spawn(
        sys.executable,
        ["-m", "t5tune", "score", "out.txt", "--reference", "ref.txt"],
        cwd=str(tmp_path),
        dimensions=(40, 140),
        encoding="utf-8",
        timeout=120,
        env={**os.environ, "NO_COLOR": "1"},
    )
    child.expect(pexpect.EOF)
    child.close()
    seen = child.before
    assert "\x1b]0;" not in seen
    assert "\x1b[2J" not in seen
    assert "\x9b" not in seen
    assert "\u202e" not in seen
    assert r"\x1b]0;title" in seen
