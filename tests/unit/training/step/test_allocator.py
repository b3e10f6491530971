"""Test what a process does with freed memory."""

from __future__ import annotations

import subprocess
import sys

import pytest

# In a process of its own: these settings cannot be undone.
SCRIPT = """
import psutil, torch
from t5tune.training.step import allocator

def kept_mebibytes():
    before = psutil.Process().memory_info().rss
    tensor = torch.ones(16 << 20)  # 64 MiB
    del tensor
    return (psutil.Process().memory_info().rss - before) >> 20

print(kept_mebibytes())
allocator.keep_freed_memory()
print(kept_mebibytes())
allocator.release_freed_memory()
allocator.stop_keeping_freed_memory()
print(kept_mebibytes())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's malloc")
def test_freed_memory_is_kept_until_there_is_too_little() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    at_first, kept, at_last = map(int, done.stdout.split())
    assert kept >= 60
    assert max(at_first, at_last) <= 4
