"""Test what is read of processors and of NVIDIA's driver."""

from __future__ import annotations

from pathlib import Path

import pytest

from t5tune.doctor.hardware import Cores, Gpu, examine_threads, list_gpus


def test_gpus_are_those_that_the_driver_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "nvidia-smi"
    lines = ("NVIDIA H200, 143771, 10, 580.65", "NVIDIA GB10, [N/A], [N/A], 580.65")
    program.write_text("#!/bin/sh\n" + "".join(f"echo '{line}'\n" for line in lines))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert list_gpus() == ()  # it may not be run
    program.chmod(0o755)
    assert list_gpus() == (
        Gpu("NVIDIA H200", 143771 << 20, 10 << 20, "580.65"),
        Gpu("NVIDIA GB10", 0, 0, "580.65"),
    )
    program.write_text("#!/bin/sh\necho 'no devices were found'\nexit 6\n")
    assert list_gpus() == ()


def test_usable_cores_are_those_of_affinity_and_quota() -> None:
    assert Cores(64, 8, None, 0.0).num_usable == 8
    assert Cores(64, 8, 1.5, 0.0).num_usable == 1.5
    assert Cores(64, 8, 16.0, 0.0).num_usable == 8


def test_what_the_user_sets_is_told_from_what_t5tune_chooses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    threads = examine_threads({"GOMP_SPINCOUNT": "1000"})
    assert threads.environment["OMP_NUM_THREADS"] == "3"
    assert threads.spin_count == "1000"
    monkeypatch.setenv("GOMP_SPINCOUNT", "7")
    assert examine_threads({"GOMP_SPINCOUNT": "7"}).spin_count is None
