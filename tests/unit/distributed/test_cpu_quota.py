"""Test how many cores a container grants."""

from __future__ import annotations

from pathlib import Path

import pytest

from t5tune.distributed import control_groups
from t5tune.distributed.control_groups import find_cpu_quota


@pytest.mark.parametrize(
    ("line", "files", "quota"),
    [
        ("0::/job", {"job/cpu.max": "150000 100000"}, 1.5),
        ("0::/job/step", {"job/step/cpu.max": "max 100000", "job/cpu.max": "400000 100000"}, 4.0),
        ("0::/elsewhere", {}, None),
        (
            "3:cpu,cpuacct:/job",
            {"cpu/job/cpu.cfs_quota_us": "50000", "cpu/job/cpu.cfs_period_us": "100000"},
            0.5,
        ),
        (
            "3:cpu:/",
            {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"},
            None,
        ),
    ],
)
def test_the_smallest_quota_of_all_groups_counts(
    line: str,
    files: dict[str, str],
    quota: float | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"{text}\n")
    groups = tmp_path / "cgroup"
    groups.write_text(f"{line}\n")
    monkeypatch.setattr(control_groups, "ROOT", tmp_path)
    monkeypatch.setattr(control_groups, "GROUPS", groups)
    assert find_cpu_quota() == quota
