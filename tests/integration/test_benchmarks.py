"""Test that the training benchmark runs on a machine with little besides torch and transformers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.conftest import REPOSITORY

# Requirements of t5tune that the benchmark does not need.
ABSENT = ("pydantic", "datasets", "typer", "evaluate", "ctranslate2", "rapidfuzz", "rouge_score")


def test_two_sides_without_most_requirements(tmp_path: Path) -> None:
    """Its sides are separate processes, which a sitecustomize also reaches."""
    blocked = "".join(f"sys.modules[{name!r}] = None\n" for name in ABSENT)
    (tmp_path / "sitecustomize.py").write_text("import sys\n" + blocked, encoding="utf-8")
    done = subprocess.run(
        [
            sys.executable, str(REPOSITORY / "benchmarks" / "training.py"), "--shape", "tiny",
            "--arm", "stock", "--arm", "t5tune", "--rounds", "1", "--seconds", "0.5",
            "--examples", "8",
        ],
        capture_output=True, text=True, timeout=200,
        env={"PYTHONPATH": f"{tmp_path}:{REPOSITORY}", "PATH": "", "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    rounds = [line for line in lines if line.startswith("tiny round 1: ")]
    assert [line.split()[3] for line in rounds] == ["stock", "t5tune"]
    assert all(0 < float(line.split("MFU")[1].split()[0]) < 100 for line in rounds)
    assert lines[-1].startswith("tiny: t5tune / stock = ")
