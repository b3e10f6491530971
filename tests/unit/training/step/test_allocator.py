"""Test what a process does with freed memory."""

from __future__ import annotations

import sys

import pytest

from tests import forks
from tests.conftest import REPOSITORY


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's malloc")
def test_freed_memory_is_kept_until_there_is_too_little() -> None:
    command = [sys.executable, "-m", "tests.unit.training.step.kept_memory"]
    done = forks.run(command, cwd=REPOSITORY, text=True, check=True)
    at_first, kept, at_last = map(int, done.stdout.split())
    assert kept >= 60
    assert max(at_first, at_last) <= 4
