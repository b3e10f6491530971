"""Reuse of freed memory on a CPU.

glibc returns large blocks to the system as soon as they are free and fetches them again, page by
page, for the next tensor of the same size, which took 5 to 19 % of a training step of a small T5
(docs/benchmarks.md).
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys

import torch

# Parameters of mallopt(3), from glibc's malloc.h.
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_DEFAULT_THRESHOLD = 128 * 1024  # bytes, of both


def keep_freed_memory() -> None:
    """Let the process keep freed memory for its next tensors, if the C library is glibc."""
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError, AttributeError):
            mallopt = ctypes.CDLL(None).mallopt
            mallopt(_M_MMAP_THRESHOLD, 1 << 30)
            mallopt(_M_TRIM_THRESHOLD, (1 << 31) - 1)


def stop_keeping_freed_memory() -> None:
    """Let the process return large freed blocks at once again, where memory is short."""
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError, AttributeError):
            mallopt = ctypes.CDLL(None).mallopt
            mallopt(_M_MMAP_THRESHOLD, _DEFAULT_THRESHOLD)
            mallopt(_M_TRIM_THRESHOLD, _DEFAULT_THRESHOLD)


def release_freed_memory() -> None:
    """Return the kept memory to the system."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError, AttributeError):  # malloc_trim(3) is glibc's
            ctypes.CDLL(None).malloc_trim(0)
