"""Keys that clients send, compared without telling by the time how much of one is right."""

from __future__ import annotations

import hashlib
import hmac
import os
from pathlib import Path

from t5tune.errors import T5TuneError
from t5tune.files.text_files import read_text

VARIABLE = "T5TUNE_API_KEYS"  # keys with blanks or commas between them
_SHORTEST = 16  # characters; a shorter key can be guessed


class ApiKeys:
    """The keys of a server; only their hashes are kept.

    Args:
        keys: The keys; none if everybody may ask.
    """

    def __init__(self, keys: list[str]) -> None:
        self._digests = [_hash(key) for key in keys]

    def __bool__(self) -> bool:
        return bool(self._digests)

    def find(self, key: str) -> int | None:
        """Return the number of a key, counted from 1 as in the file; None if it is not one."""
        digest = _hash(key)
        found = None
        for number, own in enumerate(self._digests, start=1):  # all of them, whatever is found
            if hmac.compare_digest(own, digest):
                found = number
        return found


def read_api_keys(path: Path | None) -> ApiKeys:
    """Return the keys of a file, one on each line, or else those of the environment.

    Raises:
        T5TuneError: The file cannot be read or has no key, or a key is short.
    """
    if path is not None:
        lines = [line.strip() for line in read_text(path).splitlines()]
        keys = [line for line in lines if line and not line.startswith("#")]
        place = str(path)
    else:
        keys = os.environ.get(VARIABLE, "").replace(",", " ").split()
        place = VARIABLE
    if path is not None and not keys:
        raise T5TuneError(f"{place} has no key.", next_command=_make_key(place))
    for number, key in enumerate(keys, start=1):
        if len(key) < _SHORTEST:
            raise T5TuneError(
                f"{place}: key {number} has less than {_SHORTEST} characters and can be guessed.",
                next_command=_make_key(str(path or "keys.txt")),
            )
    return ApiKeys(keys)


def _make_key(path: str) -> str:
    return f"openssl rand -hex 24 >> {path}"


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
