"""Test which device CTranslate2 gets, where there are GPUs and where a library is missing."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import ctranslate2
import pytest

from t5tune.decoding import ctranslate2_device
from t5tune.decoding.ctranslate2_device import (
    check_availability,
    count_gpus,
    find_cublas_version,
    find_device,
    list_available,
)


@pytest.fixture(autouse=True)
def _two_gpus(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(ctranslate2, "get_cuda_device_count", lambda: 2)
    count_gpus.cache_clear()
    yield
    count_gpus.cache_clear()


def test_gpus_are_used_where_cublas_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []
    monkeypatch.setattr(ctypes, "CDLL", lambda name, **_: loaded.append(name))
    assert (find_device(), count_gpus()) == ("cuda", 2)
    assert loaded == ["libcublasLt.so.12", "libcublas.so.12"]  # what the wheels are built for


def test_a_gpu_computes_in_int8_with_float16(monkeypatch: pytest.MonkeyPatch) -> None:
    types = {"cuda": {"float32", "float16", "int8", "int8_float16", "int8_float32"}}
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: None)
    monkeypatch.setattr(ctranslate2, "get_supported_compute_types", types.__getitem__)
    assert list_available() == ["int8", "int8_float16", "float16", "float32"]
    check_availability("int8_float16")


def test_without_cublas_the_cpu_translates_and_the_package_is_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert (find_device(), count_gpus()) == ("cpu", 0)
    assert capsys.readouterr().err.count("pip install nvidia-cublas-cu12") == 1


def test_cublas_is_found_in_the_package_of_nvidia(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path("/somewhere/nvidia/cublas/lib")
    names = ["libcublas.so.12", "libcublasLt.so.12", "libnvblas.so.12"]
    files = [SimpleNamespace(name=name, locate=lambda n=name: folder / n) for name in names]
    loaded: list[str] = []

    def load(name: str, **_: int) -> None:
        if "/" not in name:
            raise OSError("cannot open shared object file")
        loaded.append(name)

    monkeypatch.setattr(ctranslate2_device.importlib.metadata, "files", lambda _: files)
    monkeypatch.setattr(ctypes, "CDLL", load)
    assert find_device() == "cuda"
    assert loaded == [f"{folder}/libcublasLt.so.12", f"{folder}/libcublas.so.12"]


def test_a_build_for_other_gpus_needs_no_cublas(tmp_path: Path) -> None:
    library = tmp_path / "libctranslate2.so"
    library.write_bytes(b"\0libhipblas.so.2\0" * 99)
    assert find_cublas_version(library) is None
    library.write_bytes(b"\0libcublas.so.13\0")
    assert find_cublas_version(library) == 13
