"""Describe the machine, and collect in one file what is measured on it.

.venv/bin/python benchmarks/gpu_report.py [gpu-report.md]

`make gpu` starts the file with this command; the tests of tests/gpu and benchmarks/gpu.py then
append their sections. Each section has a text for people and a JSON block with the raw numbers. The
file has neither host names nor paths, so that it can be sent to others. This module works without a
GPU, too, and needs only torch.

The exit code is 0 if torch sees a GPU, 3 if the machine has none, and 1 if it has one that torch
does not see.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
from pathlib import Path
from typing import Any

import torch

LIBRARIES = (
    "torch", "triton", "transformers", "accelerate", "ctranslate2", "deepspeed", "numpy",
    "nvidia-cublas-cu12",
)  # fmt: skip
# Variables that change what a GPU does, by the beginning of their names.
VARIABLES = (
    "CUDA_", "NVIDIA_TF32", "NCCL_", "TORCH_", "PYTORCH_", "TORCHINDUCTOR_", "OMP_", "CUBLAS_",
    "CT2_", "T5TUNE_",
)  # fmt: skip
NO_GPU = 3  # exit code
REPOSITORY = Path(__file__).resolve().parents[1]
_QUERY = (
    "name,driver_version,memory.total,memory.used,utilization.gpu,power.limit,clocks.max.sm,"
    "clocks.max.memory,ecc.mode.current,persistence_mode,mig.mode.current"
)


def describe_machine() -> dict[str, Any]:
    """Return everything about this machine that numbers may depend on; JSON can hold it."""
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "revision": _run("git", "-C", str(REPOSITORY), "describe", "--always", "--dirty"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "processor": _processor(),
        "num_cores": _num_cores(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "libraries": {name: _version(name) for name in LIBRARIES},
        "cuda": torch.version.cuda,
        "hip": torch.version.hip,
        "cudnn": torch.backends.cudnn.version() if torch.cuda.is_available() else None,
        "nccl": _nccl_version(),
        "torch_threads": torch.get_num_threads(),
        "gpus": [_describe_gpu(index) for index in range(torch.cuda.device_count())],
        "nvidia_smi": _query_driver(),
        "topology": _run("nvidia-smi", "topo", "-m"),
        "other_processes": _run(
            "nvidia-smi", "--query-compute-apps=used_memory", "--format=csv,noheader"
        ),
        "environment": {
            name: "(a path)" if os.sep in value else value
            for name, value in sorted(os.environ.items())
            if name.startswith(VARIABLES)
        },
    }


def start_report(path: Path) -> dict[str, Any]:
    """Write a new report that has only the machine, and return its description."""
    machine = describe_machine()
    path.write_text(f"# t5tune on {_title(machine)}\n", encoding="utf-8")
    append_section(path, "Machine", _machine_text(machine), machine)
    return machine


def append_section(path: Path, title: str, text: str, numbers: Any) -> None:
    """Append a section to the report; a file that does not exist begins with the machine.

    Args:
        path: The report.
        title: Heading of the section.
        text: Markdown for people, without headings.
        numbers: Whatever JSON can hold, for programs; None leaves the block out.
    """
    if not path.exists():
        start_report(path)
    parts = [f"## {title}", text.strip()]
    if numbers is not None:
        raw = json.dumps(numbers, indent=1, ensure_ascii=False, default=str)
        parts.append(f"<details><summary>raw</summary>\n\n```json\n{raw}\n```\n\n</details>")
    with path.open("a", encoding="utf-8") as file:
        file.write("\n" + "\n\n".join(part for part in parts if part) + "\n")


def explain_missing_gpu() -> str | None:
    """Return why torch cannot use a GPU here, as a sentence; None if it can."""
    if torch.cuda.is_available():
        return None
    listed = _run("nvidia-smi", "-L")
    if not listed:
        return "This machine has no GPU that the NVIDIA driver lists."
    built = torch.version.cuda or torch.version.hip
    if built is None:
        return (
            f"This machine has a GPU, but torch {torch.__version__} is built for CPUs only; "
            f"`.venv/bin/python -m pip install --force-reinstall torch=={_release(torch)}` "
            "with PyPI as the index installs the build for CUDA."
        )
    return (
        f"This machine has a GPU, but torch {torch.__version__}, built for CUDA {built}, does not "
        "see it: its driver may be too old for that version, or CUDA_VISIBLE_DEVICES is empty."
    )


def _title(machine: dict[str, Any]) -> str:
    names = [gpu["name"] for gpu in machine["gpus"]]
    if not names:
        return f"{machine['processor']}, no GPU"
    return ", ".join(f"{names.count(name)} x {name}" for name in dict.fromkeys(names))


def _machine_text(machine: dict[str, Any]) -> str:
    gpus = [
        f"{gpu['name']}: {gpu['memory_bytes'] / 2**30:.0f} GiB, {gpu['num_multiprocessors']} "
        f"multiprocessors, compute capability {gpu['capability']}, "
        + ("bf16" if gpu["bf16"] else "no bf16")
        for gpu in machine["gpus"]
    ]
    versions = [f"{name} {version}" for name, version in machine["libraries"].items() if version]
    driver = next((gpu["driver_version"] for gpu in machine["nvidia_smi"]), None)
    software = (
        f"CUDA {machine['cuda']}, cuDNN {machine['cudnn']}, NCCL {machine['nccl']}, driver {driver}"
    )
    facts = [
        f"{machine['date']}, revision {machine['revision']}",
        *([*gpus, software] if gpus else [explain_missing_gpu()]),
        f"{machine['processor']}, {machine['num_cores']} cores, "
        f"{machine['memory_bytes'] / 2**30:.0f} GiB",
        f"{machine['system']}, Python {machine['python']}, " + ", ".join(versions),
    ]
    return "\n".join(f"- {fact}" for fact in facts)


def _describe_gpu(index: int) -> dict[str, Any]:
    properties = torch.cuda.get_device_properties(index)
    return {
        "name": properties.name,
        "memory_bytes": properties.total_memory,
        "num_multiprocessors": properties.multi_processor_count,
        "capability": f"{properties.major}.{properties.minor}",
        "bf16": properties.major >= 8 or torch.version.hip is not None,
        "reaches": [
            other
            for other in range(torch.cuda.device_count())
            if other != index and torch.cuda.can_device_access_peer(index, other)
        ],
    }


def _query_driver() -> list[dict[str, str]]:
    for names in (_QUERY, "name,driver_version"):  # a driver refuses all for one it does not know
        lines = _run("nvidia-smi", f"--query-gpu={names}", "--format=csv,noheader")
        if lines is not None:
            rows = [line.split(", ") for line in lines.splitlines()]
            return [dict(zip(names.split(","), row, strict=False)) for row in rows]
    return []


def _nccl_version() -> str | None:
    if not torch.cuda.is_available() or not torch.distributed.is_nccl_available():
        return None
    return ".".join(map(str, torch.cuda.nccl.version()))


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _num_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _version(library: str) -> str | None:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return None


def _release(module: Any) -> str:
    return str(module.__version__).partition("+")[0]


def _run(*command: str) -> str | None:
    """Return what a command prints; None if it does not exist or fails."""
    if shutil.which(command[0]) is None:
        return None
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    except (subprocess.SubprocessError, OSError):
        return None
    return done.stdout.strip()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("report", type=Path, nargs="?", help="file that begins with the machine")
    options = parser.parse_args()
    reason = explain_missing_gpu()
    if reason is not None:
        print(f"{reason} Nothing was run.")
        return 1 if _run("nvidia-smi", "-L") else NO_GPU
    if options.report is not None:
        start_report(options.report)
    print(_machine_text(describe_machine()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
