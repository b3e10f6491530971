"""Test that messages and progress fit, are safe to print, and come in time."""

from __future__ import annotations

import ast
import io
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

import t5tune
from t5tune import console as progress
from t5tune.console import say, track
from t5tune.distributed.failures import format_error
from t5tune.errors import T5TuneError, visible

HOSTILE = "a\x1b[2Jb\x07\x9b31m\u202ec\u2066\rd\x7f\ud800"
SPELLED = r"a\x1b[2Jb\x07\x9b31m\u202ec\u2066\rd\x7f\ud800"


def test_control_characters_are_spelled_out(capsys: pytest.CaptureFixture[str]) -> None:
    say(HOSTILE + "\n\tü 你 👍\u200d")
    assert capsys.readouterr().err == SPELLED + "\n\tü 你 👍\u200d\n"
    assert visible("a\nb\tc", one_line=True) == r"a\nb\tc"
    text = format_error(T5TuneError(HOSTILE, next_command=HOSTILE))
    assert text == f"error: {SPELLED}\ntry: {SPELLED}"


def test_a_closed_stderr_does_not_turn_messages_into_data(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr", None)
    say("a message")
    assert capsys.readouterr().out == ""


def test_nothing_is_printed_past_the_one_place() -> None:
    """Messages go through `say`, results through `print_text`, data through `print_data`."""
    root = Path(t5tune.__file__).parent
    found = []
    for path in sorted(root.rglob("*.py")):
        if path.relative_to(root).as_posix() in ("console.py", "cli/results.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in (
                "print", "typer.echo", "typer.secho", "sys.stderr.write", "sys.stdout.write",
            ):  # fmt: skip
                found.append(f"{path.relative_to(root)}:{node.lineno}")
    assert found == []


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it has not come"
        time.sleep(0.01)


def test_what_does_not_come_to_count_is_heard_of(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "SILENT_SECONDS", 0.05)
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.05)
    said: list[str] = []
    monkeypatch.setattr(progress, "say", said.append)
    with track("saving the model"):
        wait_for(lambda: len(said) >= 2)
    assert said[0] == "saving the model: 0 s"
    num = len(said)
    with track("outer"), track("inner", 10, "things") as advance:
        advance(3)
        wait_for(lambda: len(said) > num)
    assert "inner: 3/10 things, 0 s" in said
    assert not [line for line in said if line.startswith("outer")]
    assert [thread for thread in threading.enumerate() if thread.name == "progress"] == []


def test_what_is_done_at_once_is_not_spoken_of(capsys: pytest.CaptureFixture[str]) -> None:
    with track("reading", 10, "rows") as advance:
        advance(10)
    assert capsys.readouterr().err == ""


def test_a_dumb_terminal_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "SILENT_SECONDS", 0.01)
    monkeypatch.setenv("TERM", "dumb")
    console = Console(file=io.StringIO(), force_terminal=True)
    monkeypatch.setattr(progress, "stderr_console", lambda: console)
    said: list[str] = []
    monkeypatch.setattr(progress, "say", said.append)
    with track("saving the model"):
        wait_for(lambda: len(said) >= 1)
