"""The memory that batches take, and the largest batch that fits."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable
from pathlib import Path

import psutil
import torch
from accelerate.utils.memory import should_reduce_batch_size

from t5tune.distributed.control_groups import find_free_memory
from t5tune.distributed.processes import place
from t5tune.training.step.allocator import release_freed_memory

SAFE_SHARE = 0.9  # share of the memory: allocators leave gaps, and other programs need some too

NEXT_COMMAND = (  # when not even one row fits
    "the same command with training.gradient_checkpointing=true, or with smaller "
    "data.max_source_length and data.max_target_length"
)


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an exception says that a GPU or the machine ran out of memory."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    # CUDA and its libraries allocate too, and say it in their own words.
    own = ("CUDA error: out of memory", "CUBLAS_STATUS_ALLOC_FAILED")
    return isinstance(error, Exception) and (
        should_reduce_batch_size(error)
        or (isinstance(error, RuntimeError) and any(text in str(error) for text in own))
    )


class GpuMemory:
    """Memory of the current CUDA device."""

    def used(self) -> int:
        """Return the number of bytes in use by this process."""
        return int(torch.cuda.memory_allocated())

    def capacity(self) -> int:
        """Return the number of bytes that this process could use."""
        free, _ = torch.cuda.mem_get_info()
        return int(free + torch.cuda.memory_reserved())

    def reset_peak(self) -> None:
        torch.cuda.reset_peak_memory_stats()

    def peak(self) -> int:
        """Return the largest number of bytes in use since `reset_peak`."""
        return int(torch.cuda.max_memory_allocated())


class MainMemory:
    """Main memory of the machine, within the limits of a container or of `ulimit -v`."""

    def __init__(self) -> None:
        self._process = psutil.Process()

    def used(self) -> int:
        return int(self._process.memory_info().rss)

    def capacity(self) -> int:
        shared = min(psutil.virtual_memory().available, find_free_memory())
        return self.used() + int(min(shared / place().num_local, self._free_of_limit()))

    def _free_of_limit(self) -> float:
        if not hasattr(psutil, "RLIMIT_AS"):
            return math.inf
        limit, _ = self._process.rlimit(psutil.RLIMIT_AS)
        if limit == psutil.RLIM_INFINITY:
            return math.inf
        return max(0, int(limit) - int(self._process.memory_info().vms))

    def reset_peak(self) -> None:
        gc.collect()
        try:  # proc(5): 5 resets the peak resident set size
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        except OSError:
            return

    def peak(self) -> int:
        try:
            status = Path("/proc/self/status").read_text(encoding="ascii")
        except OSError:
            return self.used()
        (kibibytes,) = [line.split()[1] for line in status.splitlines() if "VmHWM" in line]
        return 1024 * int(kibibytes)


MemoryMeter = GpuMemory | MainMemory  # of the device that trains


def find_largest_batch(try_rows: Callable[[int], None], max_rows: int, meter: MemoryMeter) -> int:
    """Return the largest number of rows of a batch that fits into memory.

    One row is tried, then twice as many each time, as long as the last try says that they fit: the
    memory of a machine must never be exhausted to find its end.

    Return 0 if not even one row fits.
    """
    limit, before = SAFE_SHARE * meter.capacity(), meter.used()
    fitting, rows = 0, 1
    while rows > fitting:
        peak = _peak_of(try_rows, rows, meter)
        if peak is None:
            break
        fitting = rows
        bytes_per_row = max(1.0, (peak - before) / rows)
        affordable = int((limit - before) / bytes_per_row)
        rows = min(2 * rows, max_rows, max(affordable, fitting))
    return fitting


def _peak_of(try_rows: Callable[[int], None], rows: int, meter: MemoryMeter) -> int | None:
    """Return the bytes at the peak of a try; None if they were too many."""
    meter.reset_peak()
    try:
        try_rows(rows)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
    else:
        return meter.peak()
    release_freed_memory()  # outside the handler: the traceback holds on to the activations
    return None
