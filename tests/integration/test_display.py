"""Test the progress display: live on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pexpect

from tests.conftest import RunCommand


def test_a_terminal_shows_a_live_display(tiny_recipe: Path) -> None:
    child = pexpect.spawn(
        sys.executable,
        ["-m", "t5tune", "train", str(tiny_recipe), "training.max_steps=40"],
        cwd=str(tiny_recipe.parent),
        dimensions=(40, 140),
        encoding="utf-8",
        timeout=120,
        # The variable would override the terminal's own width, which counts here.
        env={name: value for name, value in os.environ.items() if name != "COLUMNS"},
    )
    child.expect(pexpect.EOF)
    child.close()
    seen = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", child.before)
    assert child.exitstatus == 0, seen
    assert re.search(r"training .*step 40/40 epoch [0-9.]+ loss [0-9.]+ lr [0-9.e-]+ ", seen)
    assert "tokens/s" in seen
    assert "left" in seen
    assert re.search(r"validation: BLEU [0-9.]+", seen)
    assert "worst examples by BLEU" in seen
    assert "Warning" not in seen


def test_elsewhere_a_line_for_each_log(t5tune: RunCommand, tiny_recipe: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.chdir(tiny_recipe.parent)
    result = t5tune("train", tiny_recipe)
    assert "\x1b" not in result.err
    lines = [line for line in result.err.split("\n") if line.startswith("step ")]
    assert re.fullmatch(
        r"step 2/8  epoch [0-9.]+  loss [0-9.]+  lr [0-9.e-]+  [0-9,]+ tokens/s  0:[0-9]+ left",
        lines[0],
    )
