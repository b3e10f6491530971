"""Test that forks behave like processes of their own in everything that tests rely on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests import forks

PROBE = (sys.executable, "-m", "tests.probe")


@pytest.fixture(params=[forks.Fork, subprocess.Popen], ids=["fork", "interpreter"])
def start(request: pytest.FixtureRequest, tmp_path: Path) -> type[subprocess.Popen[str]]:
    """Start a process in either way."""
    kind: type[subprocess.Popen[str]] = request.param
    return kind


def probe(kind: type[subprocess.Popen[str]], *arguments: str, **options: object) -> tuple[int, str]:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent), "PROBE": "set"}
    process = kind(
        [*PROBE, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, env=environment, **options,
    )  # type: ignore[call-overload]  # fmt: skip
    out, _ = process.communicate("asked\n", timeout=120)
    return process.returncode, out


def test_what_a_process_is_given(start: type[subprocess.Popen[str]], tmp_path: Path) -> None:
    code, out = probe(start, "tell", "a b", cwd=tmp_path)
    assert (code, out.splitlines()) == (
        0,
        [str(tmp_path), "set", "['tell', 'a b']", "asked", f"child of {os.getpid()}", "atexit"],
    )


def test_how_a_process_ends(start: type[subprocess.Popen[str]]) -> None:
    assert probe(start, "exit", "7") == (7, "atexit\n")
    assert probe(start, "exit", "a word") == (1, "a word\natexit\n")
    code, out = probe(start, "raise")
    assert code == 1
    assert "Traceback (most recent call last)" in out
    assert "ZeroDivisionError" in out


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGKILL, -9), (signal.SIGTERM, -15), (signal.SIGINT, -2)],
)
def test_signals(number: int, code: int, start: type[subprocess.Popen[str]]) -> None:
    from tests.conftest import listen_to_ctrl_c

    process = start(
        [*PROBE, "wait"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        cwd=Path(__file__).parent.parent, preexec_fn=listen_to_ctrl_c, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    assert os.getpgid(process.pid) == process.pid
    assert psutil.Process(process.pid).ppid() == os.getpid()
    process.send_signal(number)
    assert process.wait(60) == code


def test_variables_that_are_read_early_start_an_interpreter() -> None:
    code, out = probe(forks.Fork, "version")
    assert (code, out) == (0, "fork\natexit\n")
    process = forks.run(
        [*PROBE, "version"], text=True, cwd=Path(__file__).parent.parent,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )  # fmt: skip
    assert process.stdout == "interpreter\natexit\n"
