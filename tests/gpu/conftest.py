"""The device of these tests, and the section that they add to the report of `make gpu`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from t5tune.distributed.torch_import import CUBLAS_WORKSPACE
from tests.conftest import REPOSITORY

FOLDER = Path(__file__).parent
DEVICE = os.environ.get("T5TUNE_TEST_DEVICE")
NO_DEVICE = "make gpu runs it on a GPU, and T5TUNE_TEST_DEVICE=cpu on the CPU"
REPORT = os.environ.get("T5TUNE_GPU_REPORT")

os.environ.setdefault(*CUBLAS_WORKSPACE)  # before the first product, as the commands do

sys.path.insert(0, str(REPOSITORY / "benchmarks"))  # it is not a package
from gpu_report import append_section  # noqa: E402

_finished: dict[str, dict[str, Any]] = {}  # of each test: outcome, seconds, what it measured


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip everything here where no device is named."""
    if DEVICE is None:
        for item in items:
            if FOLDER in item.path.parents:
                item.add_marker(pytest.mark.skip(reason=NO_DEVICE))


@pytest.fixture(scope="session")
def device() -> torch.device:
    """Return the device that is compared with the CPU."""
    assert DEVICE is not None
    chosen = torch.device(DEVICE)
    assert chosen.type == "cpu" or torch.cuda.is_available(), "torch sees no GPU"
    return chosen


@pytest.fixture
def gpu(device: torch.device) -> torch.device:
    """Return the GPU; skip the test if there is none, because it is about the GPU itself."""
    if device.type != "cuda":
        pytest.skip("it is about a GPU itself")
    return device


@pytest.fixture
def in_bf16(device: torch.device) -> None:
    """Skip the test if the GPU has no bf16 of its own."""
    if device.type == "cuda" and not torch.cuda.is_bf16_supported(including_emulation=False):
        pytest.skip("this GPU has no bf16")


@pytest.fixture(autouse=True)
def _free_memory() -> Iterator[None]:
    yield
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note how a test ended, and what it recorded with `record_property`."""
    if report.when != "call" and report.outcome == "passed":
        return
    name = Path(report.nodeid).name
    found: dict[str, Any] = {"outcome": report.outcome, "seconds": round(report.duration, 2)}
    if report.outcome == "skipped" and isinstance(report.longrepr, tuple):
        found["reason"] = report.longrepr[2].removeprefix("Skipped: ")
    elif report.failed:
        found["reason"] = report.longreprtext[-2000:]
    _finished[name] = found | {"measured": dict(report.user_properties)}


def pytest_sessionfinish() -> None:
    """Append what was noted to the report, if there is one."""
    if REPORT is not None and _finished:
        append_section(Path(REPORT), f"Tests on {DEVICE}", _describe(), _finished)


def _describe() -> str:
    outcomes = [found["outcome"] for found in _finished.values()]
    counts = ", ".join(f"{outcomes.count(one)} {one}" for one in dict.fromkeys(outcomes))
    seconds = sum(found["seconds"] for found in _finished.values())
    rows = [
        f"| {name} | {found['outcome']} | {found['seconds']} | {_describe_numbers(found)} |"
        for name, found in _finished.items()
    ]
    head = ["| test | outcome | seconds | measured |", "|---|---|---|---|"]
    return "\n".join([f"{counts}; {seconds:.0f} s.", "", *head, *rows])


def _describe_numbers(found: dict[str, Any]) -> str:
    numbers = [
        f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in found["measured"].items()
    ]
    first_line = str(found.get("reason", "")).strip().split("\n")[-1]
    return ", ".join([*numbers, *([first_line] if first_line else [])]).replace("|", "/")
