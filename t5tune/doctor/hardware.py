"""Processor, cores, memory, threads and GPUs of this machine."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from t5tune.distributed.control_groups import find_cpu_quota, find_free_memory
from t5tune.distributed.launch_environment import count_cores
from t5tune.distributed.torch_import import count_other_threads

# Of a processor's features those that decide how fast t5tune computes; Arm has names of its own.
FEATURES = (
    "avx2", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_tile", "amx_int8",
    "amx_bf16", "asimd", "asimdhp", "bf16", "i8mm", "sve", "sve2",
)  # fmt: skip
# Variables that decide how many threads there are and how they wait for one another.
THREADS = (
    "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "GOMP_CPU_AFFINITY",
    "KMP_BLOCKTIME", "KMP_AFFINITY", "OMP_PROC_BIND",
)  # fmt: skip
_NVIDIA = ("nvidia-smi", "--query-gpu=name,memory.total,memory.used,driver_version")


@dataclass(frozen=True)
class Processor:
    """The processor, and those of `FEATURES` that it has."""

    name: str
    features: tuple[str, ...]


@dataclass(frozen=True)
class Cores:
    """How many cores there are, and how many of them this process has.

    Attributes:
        num_seen: Cores of the machine.
        num_allowed: Cores that the affinity of this process allows.
        quota: Cores whose time a container grants; None without a limit.
        num_others: Mean number of threads of other programs that want a core now.
    """

    num_seen: int
    num_allowed: int
    quota: float | None
    num_others: float

    @property
    def num_usable(self) -> float:
        """Number of cores whose time this process can have."""
        return min(self.num_allowed, self.quota or self.num_allowed)


@dataclass(frozen=True)
class Threads:
    """Threads of torch, and how they wait.

    Attributes:
        environment: Those of `THREADS` that are set.
        spin_count: Value of GOMP_SPINCOUNT that t5tune would choose now; None if the user has.
    """

    environment: Mapping[str, str]
    spin_count: str | None


@dataclass(frozen=True)
class MainMemory:
    """Bytes of memory, and those of it that this process can have now."""

    total_bytes: int
    free_bytes: int


@dataclass(frozen=True)
class Gpu:
    """A GPU as NVIDIA's driver tells of it."""

    name: str
    memory_bytes: int
    used_bytes: int
    driver: str


def examine_processor() -> Processor:
    """Return the name and the features of the processor; on Linux from /proc/cpuinfo."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    name = re.search(r"^model name\s*:\s*(.+)$", text, re.M)
    flags = re.search(r"^(?:flags|Features)\s*:\s*(.+)$", text, re.M)
    known = set(flags[1].split()) if flags else set()
    fallback = platform.processor() or platform.machine()
    return Processor(name[1] if name else fallback, tuple(f for f in FEATURES if f in known))


def examine_cores() -> Cores:
    """Return the cores of the machine and those of this process."""
    return Cores(os.cpu_count() or 1, count_cores(), find_cpu_quota(), count_other_threads())


def examine_threads(environment: Mapping[str, str]) -> Threads:
    """Return what decides about threads; `environment` is the one torch is imported in."""
    given = {name: os.environ[name] for name in THREADS if name in os.environ}
    chosen = None if "GOMP_SPINCOUNT" in given else environment.get("GOMP_SPINCOUNT")
    return Threads(given, chosen)


def examine_memory() -> MainMemory | None:
    """Return the memory, within the limits of a container; None without psutil."""
    try:
        import psutil
    except ImportError:
        return None
    memory = psutil.virtual_memory()
    return MainMemory(memory.total, int(min(memory.available, find_free_memory())))


def list_gpus() -> tuple[Gpu, ...]:
    """Return the GPUs of NVIDIA's driver, whether or not this process may use them."""
    command = [*_NVIDIA, "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return ()
    rows = [[part.strip() for part in line.split(",")] for line in done.stdout.splitlines()]
    return tuple(_read_gpu(*row) for row in rows if len(row) == 4)


def _read_gpu(name: str, total: str, used: str, driver: str) -> Gpu:
    def mebibytes(text: str) -> int:
        return int(text) << 20 if text.isdecimal() else 0  # "[N/A]" where memory is shared

    return Gpu(name, mebibytes(total), mebibytes(used), driver)
