"""Test the report of `make gpu`, whose machine is made up where there is no GPU."""

from __future__ import annotations

import importlib
import json
import platform
import re
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
import torch

from tests.conftest import REPOSITORY


@pytest.fixture
def gpu_report(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(sys, "path", [str(REPOSITORY / "benchmarks"), *sys.path])
    return importlib.import_module("gpu_report")


@pytest.fixture
def two_gpus(gpu_report: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    properties = SimpleNamespace(
        name="NVIDIA H100", total_memory=80 << 30, multi_processor_count=132, major=9, minor=0
    )
    made_up = {
        "is_available": lambda: True,
        "device_count": lambda: 2,
        "get_device_properties": lambda _: properties,
        "can_device_access_peer": lambda _, other: other == 1,
        "nccl": SimpleNamespace(version=lambda: (2, 29, 7)),
    }
    for name, value in made_up.items():
        monkeypatch.setattr(torch.cuda, name, value)
    monkeypatch.setattr(torch.distributed, "is_nccl_available", lambda: True)
    monkeypatch.setattr(gpu_report, "_run", lambda *command: "a, b" if "-L" not in command else "")


def read_blocks(report: Path) -> list[dict[str, object]]:
    """Return the raw numbers of each section."""
    text = report.read_text(encoding="utf-8")
    return [json.loads(block) for block in re.findall(r"```json\n(.*?)\n```", text, re.DOTALL)]


def test_a_report_has_the_machine_first_and_sections_with_raw_numbers(
    gpu_report: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", "/home/somebody/secret")
    monkeypatch.setattr(platform, "node", lambda: "name-of-the-host")
    report = tmp_path / "gpu-report.md"
    for title, number in (("Tests", 1), ("Speed", 2)):
        gpu_report.append_section(report, title, "A text.", {"number": number})
    machine, *sections = read_blocks(report)
    assert sections == [{"number": 1}, {"number": 2}]
    assert machine["gpus"] == []
    text = report.read_text(encoding="utf-8")
    assert re.findall("^## (.*)", text, re.MULTILINE) == ["Machine", "Tests", "Speed"]
    assert "secret" not in text
    assert "name-of-the-host" not in text


def test_gpus_are_described(gpu_report: ModuleType, two_gpus: None, tmp_path: Path) -> None:
    report = tmp_path / "gpu-report.md"
    gpu_report.start_report(report)
    (machine,) = read_blocks(report)
    assert [gpu["reaches"] for gpu in machine["gpus"]] == [[1], []]  # type: ignore[index, attr-defined]
    text = report.read_text(encoding="utf-8")
    assert text.startswith("# t5tune on 2 x NVIDIA H100\n")
    assert "NVIDIA H100: 80 GiB, 132 multiprocessors, compute capability 9.0, bf16" in text
    assert "NCCL 2.29.7" in text


@pytest.mark.parametrize(
    ("listed", "built", "code", "said"),
    [
        (None, None, 3, "no GPU that the NVIDIA driver lists. Nothing was run."),
        ("GPU 0: NVIDIA H100", None, 1, "built for CPUs only"),
        ("GPU 0: NVIDIA H100", "13.0", 1, "its driver may be too old"),
    ],
)
def test_why_nothing_is_run_is_a_sentence(
    listed: str | None,
    built: str | None,
    code: int,
    said: str,
    gpu_report: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(gpu_report, "_run", lambda *_: listed)
    monkeypatch.setattr(torch.version, "cuda", built)
    monkeypatch.setattr(sys, "argv", ["gpu_report.py"])
    assert gpu_report.main() == code
    assert said in capsys.readouterr().out
