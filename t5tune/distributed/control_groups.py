"""The control groups of this process, by which containers and Slurm limit what it may use."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
GROUPS = Path("/proc/self/cgroup")


@dataclass(frozen=True)
class ControlGroup:
    """A directory of files with the limits and the use of a group, see cgroups(7)."""

    directory: Path
    version: int  # 1 or 2, which name their files differently


def list_control_groups(controller: str) -> Iterator[ControlGroup]:
    """Yield the groups that limit this process, from its own one to the root.

    cgroups(7): /proc/self/cgroup has a line `number:controllers:path`, where version 2 has no
    controllers. In a container the path may be the host's: then the root is its own group.

    Args:
        controller: `memory` or `cpu`, whose groups version 1 has apart.
    """
    try:
        lines = GROUPS.read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            root, version = ROOT, 2
        elif controller in controllers.split(","):
            root, version = ROOT / controller, 1
        else:
            continue
        own = root / path.lstrip("/")
        for directory in (own, *own.parents):
            yield ControlGroup(directory, version)
            if directory == root:
                break


def find_cpu_quota() -> float | None:
    """Return the number of cores whose time the groups grant in all; None if there is no limit."""
    quotas = [quota for group in list_control_groups("cpu") if (quota := _read_quota(group))]
    return min(quotas, default=None)


def _read_quota(group: ControlGroup) -> float | None:
    names = ("cpu.max",) if group.version == 2 else ("cpu.cfs_quota_us", "cpu.cfs_period_us")
    try:
        quota, period = " ".join((group.directory / name).read_text() for name in names).split()
        return int(quota) / int(period) if int(quota) > 0 else None
    except (OSError, ValueError):  # no such group, or "max"
        return None


def find_free_memory() -> float:
    """Return the bytes of memory that the groups leave to this process; infinity if no limit."""
    return min(map(_free_in_group, list_control_groups("memory")), default=math.inf)


def _free_in_group(group: ControlGroup) -> float:
    directory = group.directory
    limit, used = "memory.max", "memory.current"
    if group.version == 1:
        limit, used = "memory.limit_in_bytes", "memory.usage_in_bytes"
    try:
        free = int((directory / limit).read_text()) - int((directory / used).read_text())
        statistics = (directory / "memory.stat").read_text().split()
    except (OSError, ValueError):  # no such group, or "max"
        return math.inf
    # Cached files count as used, and are freed when memory is short.
    names, values = statistics[::2], statistics[1::2]
    cached = dict(zip(names, values, strict=False)).get("inactive_file", "0")
    return free + int(cached)
