"""Token sequences in files: written in chunks, mapped into memory when they are read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import xxhash
from numpy.typing import DTypeLike, NDArray

from t5tune.data.token_sequences import Ids, Lengths, TokenSequences

LENGTH_TYPE = np.dtype("<i4")
NARROW, WIDE = np.dtype("<u2"), np.dtype("<i4")
_CHUNK_BYTES = 1 << 22


def id_type(vocab_size: int) -> np.dtype[np.uint16] | np.dtype[np.int32]:
    """Return the smallest type that holds every id of a vocabulary."""
    return NARROW if vocab_size <= np.iinfo(NARROW).max + 1 else WIDE


class SequenceWriter:
    """Appends token sequences to a file of lengths and a file of ids.

    Args:
        directory: Directory of the files.
        side: Beginning of their names.
        dtype: Type of the ids, from `id_type`.

    Attributes:
        largest_id: Largest id so far.
    """

    def __init__(
        self, directory: Path, side: str, dtype: np.dtype[np.uint16] | np.dtype[np.int32]
    ) -> None:
        self.largest_id = 0
        self._dtype = dtype
        self._paths = _paths(directory, side)
        self._streams = [path.open("wb") for path in self._paths]
        self._digests = [xxhash.xxh3_128(), xxhash.xxh3_128()]

    def append(self, lengths: Lengths, ids: NDArray[np.int32]) -> None:
        """Append sequences, given as in `TokenSequences`.

        Raises:
            OverflowError: An id does not fit into the type.
        """
        self.largest_id = max(self.largest_id, int(ids.max(initial=0)))
        if ids.min(initial=0) < 0 or self.largest_id > np.iinfo(self._dtype).max:
            raise OverflowError(f"ids up to {self.largest_id} do not fit into {self._dtype}")
        parts = (lengths.astype(LENGTH_TYPE), ids.astype(self._dtype))
        for stream, digest, part in zip(self._streams, self._digests, parts, strict=True):
            digest.update(part.data)
            stream.write(part.data)

    def close(self) -> dict[str, str]:
        """Close the files; return the XXH3 digest of each by its name."""
        for stream in self._streams:
            stream.close()
        return {
            path.name: digest.hexdigest()
            for path, digest in zip(self._paths, self._digests, strict=True)
        }


def map_sequences(directory: Path, side: str, dtype: DTypeLike) -> TokenSequences:
    """Return the sequences of a side; the ids stay on the disk until they are looked at."""
    lengths_path, ids_path = _paths(directory, side)
    lengths = np.fromfile(lengths_path, dtype=LENGTH_TYPE).astype(np.int64)
    ids: Ids = np.empty(0, dtype=dtype)
    if ids_path.stat().st_size:  # an empty file cannot be mapped
        # As a plain array: slices of a `memmap` take several times as long.
        ids = np.memmap(ids_path, dtype=dtype, mode="r").view(np.ndarray)
    return TokenSequences.from_arrays(lengths, ids)


def fingerprint_files(directory: Path, sides: tuple[str, ...], dtype: DTypeLike) -> str:
    """Return the SHA-256 over all tokens, as 64-bit lengths and 32-bit ids of each side."""
    digest = hashlib.sha256()
    for side in sides:
        lengths_path, ids_path = _paths(directory, side)
        for chunk in _read(lengths_path, LENGTH_TYPE):
            digest.update(chunk.astype(np.int64).data)
        for chunk in _read(ids_path, dtype):
            digest.update(chunk.astype(np.int32).data)
    return digest.hexdigest()


def _read(path: Path, dtype: DTypeLike) -> Iterator[NDArray[np.integer]]:
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            yield np.frombuffer(chunk, dtype=dtype)


def _paths(directory: Path, side: str) -> tuple[Path, Path]:
    return directory / f"{side}.lengths", directory / f"{side}.ids"
