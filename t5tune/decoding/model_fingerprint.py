"""The fingerprint of a model: one hash over the files that its output depends on."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from t5tune.files.hashing import hash_file
from t5tune.run.manifest import MANIFEST, read_manifest, was_touched

# Files that lie beside a model and do not change what it generates. Unknown files count.
_OTHER_FILES = {
    MANIFEST, "README.md", "LICENSE", "smoke.json", "optimizer.pt", "scheduler.pt", "scaler.pt",
    "trainer_state.json", "training_args.bin", "ema.safetensors",
}  # fmt: skip
_OTHER_ENDINGS = {".md", ".pth", ".h5", ".msgpack", ".ot", ".onnx", ".tmp"}


def fingerprint_model(directory: Path) -> str:
    """Return the SHA-256 over names and contents of weights, tokenizer and configurations.

    For files that have not changed since their manifest was written, the hashes in it are used.
    Subdirectories do not count.
    """
    hashes = {path.name: _hash(path) for path in sorted(directory.iterdir()) if _matters(path)}
    return hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()


def _matters(path: Path) -> bool:
    is_other = path.name in _OTHER_FILES or path.suffix in _OTHER_ENDINGS
    return path.is_file() and not is_other and not path.name.startswith(".")


def _hash(path: Path) -> str:
    manifest = path.with_name(MANIFEST)
    entry = ((read_manifest(path.parent) or {}).get("files") or {}).get(path.name)
    if entry is not None:
        is_same_size = path.stat().st_size == entry["size"]
        if is_same_size and not was_touched(path, manifest):
            return str(entry["sha256"])
    return hash_file(path)
