"""The manifest of a token store: its counts, fingerprints and the digests of its files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from t5tune.files.cache_directory import user_cache_directory
from t5tune.files.hashing import digest_file
from t5tune.files.json_values import read_object

MANIFEST = "manifest.json"
LOCK_ENDING = ".lock"  # of the lock beside the directory of a store
_DIGEST = "digest"  # key of the digest of all other keys
_LATER = ("augmentation", "cleaning")  # keys of stores that have it


@dataclass(frozen=True)
class StoreManifest:
    """What a store holds.

    Attributes:
        key: JSON values of the store's key.
        origin: Place of the examples, for people.
        num_read: Number of examples that were read.
        num_blank: Number of examples that were left out because a side was blank.
        num_truncated: Number of texts that were cut.
        largest_id: Largest id of all tokens.
        id_type: NumPy's name of the type of the ids.
        pairs_sha256: Fingerprint of the kept pairs without the prefix (`fingerprint_rows`).
        tokens_sha256: Fingerprint of all tokens (`fingerprint_files`).
        remarks: What was noticed while the examples were read, in sentences.
        files: XXH3 digest of each file of the store, by its name.
        augmentation: Number of `rounds` of the examples that follow each other in the store, and
            over all of them the examples that each kind has `changed` and those that would have
            become `too_long`; `num_examples` of a round, where long texts are divided into several;
            None without augmentation, when the file lacks the key.
        cleaning: What the rules of the recipe have left out, as `CleaningReport.to_json` gives it;
            None without rules, when the file lacks the key.
    """

    key: Mapping[str, Any]
    origin: str
    num_read: int
    num_blank: int
    num_truncated: int
    largest_id: int
    id_type: str
    pairs_sha256: str
    tokens_sha256: str
    remarks: Sequence[str]
    files: Mapping[str, str]
    augmentation: Mapping[str, Any] | None = None
    cleaning: Mapping[str, Any] | None = None

    @property
    def num_examples(self) -> int:
        """Number of examples of a round."""
        num_kept = self.num_read - int((self.cleaning or {}).get("num_dropped", self.num_blank))
        return int((self.augmentation or {}).get("num_examples", num_kept))

    @property
    def num_rounds(self) -> int:
        """Number of rounds in the store."""
        return 1 if self.augmentation is None else int(self.augmentation["rounds"])

    def to_text(self) -> str:
        """Return the content of the manifest's file."""
        values = asdict(self)
        for name in _LATER:
            if values[name] is None:
                del values[name]
        return json.dumps({**values, _DIGEST: _digest(values)}, indent=1) + "\n"


def stores_directory() -> Path:
    """Return the directory of all stores of this user."""
    return user_cache_directory() / "tokens"


def read_manifest(directory: Path) -> StoreManifest | None:
    """Return the manifest of a store; None if it is missing, damaged or of another version."""
    values = read_object(directory / MANIFEST)
    is_whole = values.pop(_DIGEST, None) == _digest(values)
    names = {field.name for field in fields(StoreManifest)}
    if not is_whole or {*values, *_LATER} != names:
        return None
    return StoreManifest(**values)


def _digest(values: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def find_damaged_file(directory: Path, manifest: StoreManifest) -> Path | None:
    """Return a file that is missing or not what was written, after reading all of them."""
    for name, digest in manifest.files.items():
        path = directory / name
        try:
            if digest_file(path) != digest:
                return path
        except OSError:
            return path
    return None
