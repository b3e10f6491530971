"""Fingerprints of texts: the same examples in the same order, whatever file they come from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

Row = TypeVar("Row", bound=Iterable[str])


def fingerprint_rows(rows: Iterable[Iterable[str]]) -> str:
    """Return the SHA-256 over texts, in order, as 64 hexadecimal digits."""
    watched = RowsFingerprint()
    for _ in watched.watch(rows):
        pass
    return watched.hexdigest()


def combine_fingerprints(fingerprints: Sequence[str]) -> str:
    """Return the fingerprint of several data sets in order; of one it is its own."""
    if len(fingerprints) == 1:
        return fingerprints[0]
    return hashlib.sha256("\n".join(fingerprints).encode()).hexdigest()


class RowsFingerprint:
    """Computes the fingerprint of rows while they are read for something else."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    def watch(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield the rows unchanged; each is counted before it is yielded."""
        for row in rows:
            self._digest.update("\0".join(row).encode() + b"\0\n")
            yield row

    def add_pairs(self, sources: Sequence[str], targets: Sequence[str]) -> None:
        """Count pairs, as rows of two texts."""
        rows = zip(sources, targets, strict=True)
        text = "".join(f"{source}\0{target}\0\n" for source, target in rows)
        self._digest.update(text.encode())

    def hexdigest(self) -> str:
        """Return the fingerprint of all rows so far, as `fingerprint_rows` does."""
        return self._digest.hexdigest()
