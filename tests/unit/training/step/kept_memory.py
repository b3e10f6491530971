"""Print the MiB that this process keeps of freed memory: as it is, kept on purpose, and released.

In a process of its own, because these settings cannot be undone.
"""

from __future__ import annotations

import psutil
import torch

from t5tune.training.step import allocator


def kept_mebibytes() -> int:
    before: int = psutil.Process().memory_info().rss
    tensor = torch.ones(16 << 20)  # 64 MiB
    del tensor
    return (psutil.Process().memory_info().rss - before) >> 20


if __name__ == "__main__":
    print(kept_mebibytes())
    allocator.keep_freed_memory()
    print(kept_mebibytes())
    allocator.release_freed_memory()
    allocator.stop_keeping_freed_memory()
    print(kept_mebibytes())
