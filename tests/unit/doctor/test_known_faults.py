"""Test what is found on machines that have one fault each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from t5tune.doctor.checkup import Checkup
from t5tune.doctor.hardware import Cores, Gpu, MainMemory, Processor, Threads
from t5tune.doctor.hub_access import HubAccess
from t5tune.doctor.installation import Installation, Package
from t5tune.doctor.known_faults import KNOWN_FAULTS, find_faults
from t5tune.doctor.library_probes import Library
from t5tune.doctor.storage import Disk

TORCH: dict[str, Any] = {"num_threads": 2, "built_for": "CUDA 13.0", "devices": []}
CTRANSLATE2: dict[str, Any] = {"num_gpus": 0, "num_usable_gpus": 0}
PACKAGE = Package("torch", ">=2.8,<3", "2.13.0", None, fits=True)
DISK = Disk(("runs", "cache"), "/data", 50_000_000_000, 90_000_000_000, is_writable=True)
GPU = Gpu("NVIDIA H200", 150_000_000_000, 0, "470.1")
SOUND = Checkup(
    installation=Installation("0.1.0", "3.11.7", "Linux", (PACKAGE,)),
    libraries=(Library("torch", None, 1.0, TORCH), Library("ctranslate2", None, 1.0, CTRANSLATE2)),
    processor=Processor("A processor", ("avx2",)),
    cores=Cores(2, 2, None, 0.0),
    threads=Threads({}, "10000"),
    memory=MainMemory(24_000_000_000, 20_000_000_000),
    gpus=(),
    caches=(),
    disks=(DISK,),
    hub=HubAccess("https://huggingface.co", "answers", seconds=0.1),
)


def with_packages(*packages: Package) -> Checkup:
    return replace(SOUND, installation=replace(SOUND.installation, packages=packages))


def with_library(name: str, error: str | None = None, **facts: Any) -> Checkup:
    before = SOUND.facts_of(name)
    others = [one for one in SOUND.libraries if one.name != name]
    return replace(SOUND, libraries=(*others, Library(name, error, 1.0, {**before, **facts})))


FAULTY = {
    "absent-package": with_packages(replace(PACKAGE, installed=None, fits=False)),
    "package-version": with_packages(replace(PACKAGE, installed="2.1.0", fits=False)),
    "broken-library": with_library("torch", "ImportError: libc10.so"),
    "unwritable": replace(SOUND, disks=(replace(DISK, is_writable=False),)),
    "token": replace(SOUND, hub=replace(SOUND.hub, token="refused")),
    "unknown-versions": replace(
        SOUND, installation=replace(SOUND.installation, problem="Unknown.")
    ),
    "unseen-gpu": replace(SOUND, gpus=(GPU,)),
    "cublas": with_library("ctranslate2", num_gpus=1),
    "disk-space": replace(SOUND, disks=(replace(DISK, free_bytes=5_000_000),)),
    "memory": replace(SOUND, memory=MainMemory(1_000_000_000, 600_000_000)),
    "threads": replace(SOUND, cores=Cores(64, 64, 1.0, 0.0)),
    "spinning": replace(SOUND, threads=Threads({"GOMP_SPINCOUNT": "infinite"}, None)),
    "passive-waiting": replace(SOUND, threads=Threads({"OMP_WAIT_POLICY": "passive"}, "1000")),
    "hub": replace(SOUND, hub=HubAccess("https://huggingface.co", "silent", "no connection")),
}
# Those that the environment or a directory of this process tells.
ENVIRONMENTS: dict[str, dict[str, str]] = {
    "launcher": {"RANK": "3", "WORLD_SIZE": "2"},
    "processes": {"RANK": "0", "WORLD_SIZE": "2"},
    "cublas-workspace": {"CUBLAS_WORKSPACE_CONFIG": ":0:0"},
}


@pytest.fixture(autouse=True)
def _no_launcher(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "CUDA_VISIBLE_DEVICES", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def test_a_sound_machine_has_no_fault() -> None:
    assert find_faults(SOUND) == []


@pytest.mark.parametrize("name", FAULTY)
def test_a_fault_is_found_with_what_mends_it(name: str) -> None:
    (finding,) = find_faults(FAULTY[name])
    assert finding.name == name
    assert finding.what.endswith(".")
    assert finding.effect.endswith(".")
    assert finding.mend


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_a_variable_that_breaks_runs_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in ENVIRONMENTS[name].items():
        monkeypatch.setenv(variable, value)
    (finding,) = find_faults(with_library("torch", devices=[{"name": "NVIDIA H200"}]))
    assert finding.name == name


def test_a_lock_that_a_compilation_left_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / "py311_cpu" / "shm" / "lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    monkeypatch.setenv("TORCH_EXTENSIONS_DIR", str(tmp_path))
    assert find_faults(SOUND) == []
    deepspeed = Package("deepspeed", ">=0.19.8,<0.20", "0.19.8", "deepspeed", fits=True)
    (finding,) = find_faults(with_packages(PACKAGE, deepspeed))
    assert finding.name == "stale-lock"
    assert str(lock) in finding.what


def test_every_known_fault_is_tested() -> None:
    names = [fault.name for fault in KNOWN_FAULTS]
    assert sorted(names) == sorted([*FAULTY, *ENVIRONMENTS, "stale-lock"])


def test_an_absent_library_is_one_finding_and_what_is_broken_comes_first() -> None:
    absent = with_packages(replace(PACKAGE, installed=None, fits=False))
    error = Library("torch", "ModuleNotFoundError: No module named 'torch'", 0.0)
    machine = replace(absent, libraries=(error,), memory=MainMemory(1, 1), gpus=(GPU,))
    assert [finding.name for finding in find_faults(machine)] == ["absent-package", "memory"]
