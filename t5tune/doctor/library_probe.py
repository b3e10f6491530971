"""Import libraries in a process of its own and tell what they say about the machine.

A broken library raises, hangs, or kills the process that imports it. The parent
(`library_probes.py`) reads one line of JSON about each.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from t5tune.errors import shorten_reason

MARK = "t5tune-probe "  # begins the lines that are ours: libraries print too


def main() -> None:
    """Import the libraries that the command line names, in order."""
    for name in sys.argv[1:]:
        started = time.monotonic()
        answer: dict[str, Any] = {"error": None, "facts": {}}
        try:
            importlib.import_module(name)
            answer["facts"] = _QUESTIONS[name]() if name in _QUESTIONS else {}
        except Exception as error:  # whatever a broken library raises is what is asked for
            answer["error"] = f"{type(error).__name__}: {shorten_reason(error)}"
        _tell(name=name, seconds=round(time.monotonic() - started, 2), **answer)


def _tell(**values: Any) -> None:
    os.write(1, f"{MARK}{json.dumps(values)}\n".encode())


def _ask_torch() -> dict[str, Any]:
    import torch

    from t5tune.training.preparation.precision import measure_bf16

    devices = []
    for number in range(torch.cuda.device_count()):
        device = torch.cuda.get_device_properties(number)
        with torch.cuda.device(number):
            has_bf16 = torch.cuda.is_bf16_supported(including_emulation=False)
        devices.append(
            {
                "name": device.name,
                "memory_bytes": device.total_memory,
                "capability": f"{device.major}.{device.minor}",
                "fp16": (device.major, device.minor) >= (5, 3),  # CUDA's guide, arithmetic
                "bf16": bool(has_bf16),
            }
        )
    return {
        "num_threads": torch.get_num_threads(),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "built_for": _name_build(torch),
        "devices": devices,
        "auto": "bf16" if measure_bf16() else "fp32",
        "openmp": _find_openmp(),
    }


def _name_build(torch: Any) -> str:
    if torch.version.hip:
        return f"ROCm {torch.version.hip}"
    return f"CUDA {torch.version.cuda}" if torch.version.cuda else "CPU"


def _find_openmp() -> list[str]:
    """Return the names of the OpenMP libraries in this process, on Linux."""
    try:
        lines = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    files = {Path(line.split(maxsplit=5)[-1]).name for line in lines if "/" in line}
    runtimes = ("libgomp", "libiomp", "libomp")
    return sorted({name.partition(".")[0] for name in files if name.startswith(runtimes)})


def _ask_ctranslate2() -> dict[str, Any]:
    import ctranslate2

    from t5tune.decoding.ctranslate2_device import count_gpus

    return {
        "compute_types": sorted(ctranslate2.get_supported_compute_types("cpu")),
        "num_gpus": ctranslate2.get_cuda_device_count(),
        "num_usable_gpus": count_gpus(),
    }


_QUESTIONS: dict[str, Callable[[], dict[str, Any]]] = {
    "torch": _ask_torch,
    "ctranslate2": _ask_ctranslate2,
}

if __name__ == "__main__":
    main()
