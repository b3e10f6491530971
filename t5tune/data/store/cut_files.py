"""Files of cuts in the cache.

The first line of such a file has the digest of all that follows, the second one a header, and each
other line an example. A file appears complete or not at all; of two runs that write the same one,
the last one stays. `t5tune cache` reads these files, so this module needs no NumPy.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from xxhash import xxh3_128_hexdigest

from t5tune.console import say
from t5tune.data.readers.cuts import Cuts
from t5tune.data.readers.open_splits import Example
from t5tune.files.cache_directory import mark_used, user_cache_directory
from t5tune.files.json_values import as_count, as_object, parse_json


def cuts_directory() -> Path:
    """Return the directory of all cuts of this user."""
    return user_cache_directory() / "cuts"


def read_origin(path: Path) -> tuple[str, int] | None:
    """Return the place that cuts are from and the number of their examples; None if damaged."""
    try:
        with path.open(encoding="utf-8") as stream:
            header = as_object(parse_json("".join(islice(stream, 1, 2))))
    except (OSError, ValueError):
        return None
    sizes = [as_count(size) for size in as_object(header.get("sizes")).values()]
    if not isinstance(header.get("origin"), str) or None in sizes:
        return None
    return header["origin"], sum(filter(None, sizes))


def format_cuts(key: dict[str, Any], origin: str, cuts: Cuts) -> str:
    """Return the content of a file of cuts.

    Args:
        key: What decides the cuts.
        origin: Place of the examples, for people.
        cuts: The cuts.
    """
    header = {
        "key": key,
        "origin": origin,
        "num_examples": cuts.num_examples,
        "sizes": {split: len(examples) for split, examples in cuts.examples.items()},
    }
    rows: list[Any] = [header, *(one for examples in cuts.examples.values() for one in examples)]
    text = "".join(f"{json.dumps(row)}\n" for row in rows)
    return f"{xxh3_128_hexdigest(text.encode())}\n{text}"


def read_cuts(path: Path, key: dict[str, Any]) -> Cuts | None:
    """Return the cuts in a file; None if it is missing, damaged or of another key."""
    try:
        digest, _, content = path.read_bytes().partition(b"\n")
    except OSError:
        return None
    if digest.decode(errors="replace") != xxh3_128_hexdigest(content):
        say(f"{path} is damaged; the splits are cut again")
        return None
    header, *rows = map(json.loads, content.splitlines())
    if header["key"] != key:
        return None
    mark_used(path)
    examples: Iterator[Example] = (Example(*row) for row in rows)
    sizes = header["sizes"].items()
    return Cuts(header["num_examples"], {name: list(islice(examples, n)) for name, n in sizes})
