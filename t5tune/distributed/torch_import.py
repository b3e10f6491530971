"""Preparations before torch is imported: its threads learn how long to spin."""

from __future__ import annotations

import gc
import os
import re
import time
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path

from t5tune.console import track

# Iterations of libgomp's spin loop (GOMP_SPINCOUNT). The library's default, 300,000, is several
# milliseconds in which a waiting thread keeps other programs, and the thread it waits for, off its
# core. The first number costs little on a quiet machine; the second is best on a busy one, and
# costs up to 40 % on a quiet one (docs/benchmarks.md, "A busy machine").
_SPINS_ALONE = "10000"
_SPINS_BESIDE_OTHERS = "1000"

# cuBLAS needs room of its own for each stream, or it chooses among algorithms at run time. torch
# looks at the variable once, when it first multiplies on a GPU.
CUBLAS_WORKSPACE = ("CUBLAS_WORKSPACE_CONFIG", ":4096:8")


@contextmanager
def importing_torch() -> Iterator[None]:
    """Show that the block imports PyTorch and Transformers, which takes seconds.

    No garbage is collected meanwhile, which would take a fifth of the time for little.
    """
    bound_spinning()
    os.environ.setdefault(*CUBLAS_WORKSPACE)
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        with track("importing PyTorch and Transformers"):
            yield
    finally:
        if was_enabled:
            gc.enable()


def bound_spinning(environment: MutableMapping[str, str] = os.environ) -> None:
    """Make torch's threads give up their core soon when they wait for one another.

    It only affects speed: the number of threads, and so every sum, stays the same. libgomp reads
    the variable when it is loaded, so this must come before the first import of torch. A value
    that the user has set is kept.
    """
    if not {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"} & set(environment):
        is_busy = count_other_threads() >= 0.5
        environment["GOMP_SPINCOUNT"] = _SPINS_BESIDE_OTHERS if is_busy else _SPINS_ALONE


def count_other_threads(num_looks: int = 5) -> float:
    """Return the mean number of threads of other programs that want a core; 0.0 if not on Linux.

    Args:
        num_looks: Number of samples of the system's count, which holds for an instant.
    """
    counts = []
    for look in range(num_looks):
        time.sleep(0.002 if look else 0.0)
        try:
            found = re.search(rb"^procs_running (\d+)", Path("/proc/stat").read_bytes(), re.M)
        except OSError:
            return 0.0
        counts.append(int(found[1]) - 1 if found else 0)  # this thread is one of them
    return sum(counts) / len(counts)
