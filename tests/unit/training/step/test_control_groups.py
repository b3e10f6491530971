"""Test how much memory is found if a container allows less than the machine has."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from t5tune.distributed.control_groups import ROOT
from t5tune.training.step.memory import MainMemory

LIMIT = 3 << 30
PROGRAM = """
import sys
from pathlib import Path
Path(sys.argv[1], "cgroup.procs").write_text("0")
from t5tune.training.step.memory import MainMemory
print(MainMemory().capacity())
"""


@pytest.fixture
def control_group() -> Iterator[Path]:
    """Return a control group of 3 GiB, version 1 or 2."""
    for root, name in (
        (ROOT / "memory", "memory.limit_in_bytes"),
        (ROOT, "memory.max"),
    ):
        group = root / "t5tune-test"
        try:
            group.mkdir()
            (group / name).write_text(str(LIMIT))
        except OSError:
            if group.is_dir():
                group.rmdir()
            continue
        yield group
        group.rmdir()
        return
    pytest.skip("control groups can be made by the superuser only")


def test_a_container_limits_memory(control_group: Path) -> None:
    if MainMemory().capacity() < 1.5 * LIMIT:
        pytest.skip("the machine has hardly more memory than the group")
    command = [sys.executable, "-c", PROGRAM, str(control_group)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    # Pages read before the process entered the group are counted elsewhere.
    assert 0.8 * LIMIT < int(done.stdout) < 1.3 * LIMIT
