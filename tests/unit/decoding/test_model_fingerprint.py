from __future__ import annotations

import os
from pathlib import Path

import pytest

from t5tune.decoding import model_fingerprint
from t5tune.decoding.model_fingerprint import fingerprint_model
from t5tune.run.manifest import write_manifest


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    for name in ("model.safetensors", "config.json", "tokenizer.json"):
        (tmp_path / name).write_text(f"content of {name}")
    return tmp_path


def test_a_manifest_saves_the_reading_and_changes_nothing(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = fingerprint_model(directory)
    write_manifest(directory, {})

    def refuse(path: Path) -> str:
        raise AssertionError(f"{path} was read")

    with monkeypatch.context() as patch:
        patch.setattr(model_fingerprint, "hash_file", refuse)
        assert fingerprint_model(directory) == before


def test_files_that_generate_nothing_do_not_count(directory: Path) -> None:
    before = fingerprint_model(directory)
    for name in ("README.md", "optimizer.pt", "rng_state.pth", ".gitattributes"):
        (directory / name).write_text("x")
    (directory / "runs").mkdir()
    assert fingerprint_model(directory) == before


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "generation_config.json"])
def test_a_changed_file_is_seen_behind_a_manifest_too(directory: Path, name: str) -> None:
    seen = {fingerprint_model(directory)}
    write_manifest(directory, {})
    path = directory / name
    old = path.stat() if path.exists() else (directory / "config.json").stat()
    path.write_text("CONTENT" + f"content of {name}"[7:])  # with the same size
    os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))  # and the same time
    seen.add(fingerprint_model(directory))
    assert len(seen) == 2
