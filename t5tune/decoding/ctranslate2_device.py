"""The device that CTranslate2 computes on, its quantizations, and the library for a GPU."""

from __future__ import annotations

import ctypes
import functools
import importlib.metadata
import mmap
import re
import sys
from pathlib import Path

import ctranslate2

from t5tune.console import say
from t5tune.decoding.export.settings import QUANTIZATIONS
from t5tune.errors import T5TuneError

_WANTED = re.compile(rb"libcublas\.so\.(\d+)")  # what CTranslate2 opens when it first multiplies
_MAPPED = Path("/proc/self/maps")


@functools.lru_cache(maxsize=1)
def count_gpus() -> int:
    """Return the number of GPUs that CTranslate2 can compute on.

    It is 0, and stderr says why, if there are GPUs but not the version of cuBLAS that CTranslate2
    was built for: PyTorch may bring another one, and CTranslate2 would fail at the first sentence.
    """
    num: int = ctranslate2.get_cuda_device_count()
    if num == 0 or not sys.platform.startswith("linux"):
        return num
    version = find_cublas_version(_find_library())
    if version is None or load_cublas(version):
        return num
    say(
        f"CTranslate2 translates on the CPU: it needs cuBLAS {version} for a GPU; "
        f"pip install nvidia-cublas-cu{version}"
    )
    return 0


def find_device() -> str:
    """Return `cuda` if CTranslate2 can compute on a GPU, else `cpu`."""
    return "cuda" if count_gpus() else "cpu"


def list_available() -> list[str]:
    """Return the quantizations that this machine can compute with, the fastest first."""
    supported = ctranslate2.get_supported_compute_types(find_device())
    return [name for name in QUANTIZATIONS if name in supported]


def check_availability(quantization: str) -> None:
    """Refuse a quantization that this machine cannot compute with.

    Raises:
        T5TuneError: It is not available; the message lists those that are.
    """
    available = list_available()
    if quantization not in available:
        raise T5TuneError(
            f"{quantization} is not available on this {find_device().upper()}; it has "
            f"{', '.join(available)}.",
            next_command=f"t5tune export RUN --quantization {available[0]}",
        )


def find_cublas_version(library: Path | None) -> int | None:
    """Return the major version of cuBLAS that a build of CTranslate2 opens; None if it opens none.

    Builds for AMD's GPUs open none.
    """
    if library is None:
        return None
    with (
        library.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        found = _WANTED.search(content)
        return int(found[1]) if found else None


def load_cublas(version: int) -> bool:
    """Load cuBLAS from where the system or NVIDIA's package has it; return whether it is there.

    CTranslate2 then finds it by its name. Python packages do not lie where the system looks.
    """
    for names in (_name_libraries(version), _find_packaged(version)):
        try:
            for name in names:
                ctypes.CDLL(name, mode=ctypes.RTLD_GLOBAL)
        except OSError:
            continue
        if names:
            return True
    return False


def _name_libraries(version: int) -> list[str]:
    return [f"libcublasLt.so.{version}", f"libcublas.so.{version}"]  # the second needs the first


def _find_packaged(version: int) -> list[str]:
    """Return the paths of the libraries in NVIDIA's package; none if it is not installed."""
    try:
        files = importlib.metadata.files(f"nvidia-cublas-cu{version}") or []
    except importlib.metadata.PackageNotFoundError:
        return []
    places = {file.name: str(file.locate()) for file in files}
    names = _name_libraries(version)
    return [places[name] for name in names] if all(name in places for name in names) else []


def _find_library() -> Path | None:
    """Return the library of CTranslate2 that this process has loaded."""
    for line in _MAPPED.read_text(encoding="utf-8", errors="replace").splitlines():
        path = line.partition("/")[1:]
        if "libctranslate2" in path[1]:
            return Path("".join(path))
    return None
