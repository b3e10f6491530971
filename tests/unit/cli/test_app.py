from __future__ import annotations

import json
import subprocess
import sys

import pytest

import t5tune
from tests.conftest import RunCommand

COMMANDS = ["train", "eval", "translate", "score", "recipes", "validate"]


@pytest.mark.parametrize(
    "arguments", [["--help"], ["train", "--help"], ["eval", "--help"], ["recipes", "list"]]
)
def test_help_imports_no_model_library(arguments: list[str]) -> None:
    program = (
        "import sys, json\n"
        f"sys.argv = ['t5tune', *{arguments!r}]\n"
        "from t5tune.cli.app import main\n"
        "try:\n    main()\nexcept SystemExit as e:\n    assert not e.code\n"
        "heavy = [m for m in ('torch', 'transformers', 'datasets', 'evaluate', 'ctranslate2')\n"
        "         if m in sys.modules]\n"
        "print(json.dumps(heavy), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert json.loads(done.stderr.splitlines()[-1]) == []
    assert done.stdout


def test_help_names_every_command(t5tune: RunCommand) -> None:
    result = t5tune("--help")
    assert result.code == 0
    for command in COMMANDS:
        assert f"\n  {command}" in result.out


@pytest.mark.parametrize("command", ["train", "validate", "plan", "prepare", "data"])
def test_changes_to_a_recipe_are_described_alike(t5tune: RunCommand, command: str) -> None:
    described = " ".join(t5tune(command, "--help").out.split())
    assert (
        "[KEY=VALUE]... <list[str]> Changes to the recipe, such as data.max_source_length=64."
        in described
    )


def test_python_m_and_version() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "t5tune", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"t5tune {t5tune.__version__}\n"


def test_wrong_usage_exits_2(t5tune: RunCommand) -> None:
    assert t5tune("train").code == 2
    assert t5tune("no-such-command").code == 2


def test_debug_shows_the_traceback() -> None:
    command = [sys.executable, "-m", "t5tune", "validate", "no-such-recipe"]
    plain = subprocess.run(command, capture_output=True, text=True, check=False)
    assert plain.returncode == 1
    assert "Traceback" not in plain.stderr
    import os

    debug = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "T5TUNE_DEBUG": "1"},
    )
    assert "Traceback" in debug.stderr
