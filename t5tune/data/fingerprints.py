"""Fingerprints of texts: the same examples in the same order, whatever file they come from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def fingerprint_rows(rows: Iterable[Iterable[str]]) -> str:
    """SHA-256 over texts, in order, as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update("\0".join(row).encode() + b"\0\n")
    return digest.hexdigest()
