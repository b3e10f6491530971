"""A cache on disk, so that no hypothesis is generated twice.

A hypothesis is found by everything that decides its text (`generation_settings` and the source),
so that no entry is ever out of date: other weights have other entries.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock, Timeout

from t5tune.console import say
from t5tune.decoding.translator import DecodingOptions, Hypothesis
from t5tune.files.cache_directory import user_cache_directory
from t5tune.run.directory import RunDirectory, next_free_path

T = TypeVar("T")

MAX_BYTES = 256 * 2**20  # of entries; the file is little larger
SECONDS = 60.0  # time for another process to read or write a few hundred entries
LAYOUT = 1  # version of the table and of the contents of a key
# Raised when the same settings give other hypotheses than before: older entries are not found.
SEARCH = 2

_LOOKED_UP_TOGETHER = 500  # parameters of one query; SQLite takes many more
_TABLE = "CREATE TABLE hypotheses (number INTEGER PRIMARY KEY, key BLOB UNIQUE, value BLOB)"


@dataclass(frozen=True)
class CachedHypothesis:
    """An entry for one source, which may be longer than the model takes."""

    hypothesis: Hypothesis
    source_is_cut: bool


def generation_settings(
    options: DecodingOptions, *, engine: str, model: Mapping[str, Any]
) -> dict[str, Any]:
    """Return everything but the source that a hypothesis depends on, in values of JSON.

    Args:
        options: Search settings; those that change only the speed are left out.
        engine: Engine and its precision.
        model: Values that the caller adds: fingerprint, prefix, lengths, languages.
    """
    packages = ["torch", "transformers", "tokenizers"]
    if "ctranslate2" in engine:
        packages.append("ctranslate2")
    return {
        "layout": LAYOUT,
        "search": SEARCH,
        "fields": [field.name for field in fields(Hypothesis)],
        "engine": engine,
        "decoding": {**options.describe(), "num_hypotheses": options.num_hypotheses},
        "model": dict(model),
        "versions": {package: version(package) for package in packages},
    }


def make_keys(settings: Mapping[str, Any], sources: Sequence[str]) -> list[bytes]:
    """Return the SHA-256 under which the hypothesis of each source is kept."""
    common = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).digest()
    return [
        hashlib.sha256(common + source.encode("utf-8", "surrogatepass")).digest()
        for source in sources
    ]


def choose_cache_file(run: RunDirectory | None) -> Path:
    """Return the cache file of a model: in its run if it can be written to, or the user's own."""
    if run is not None and os.access(run.path, os.W_OK):
        return run.hypothesis_cache
    return user_cache_directory() / "hypotheses.sqlite"


class HypothesisCache:
    """A file of hypotheses that several processes may use at once.

    If it cannot be read or written, a message says so once, and the work continues without it.
    SQLite's rollback journal makes each `keep` all or nothing, whenever the process is killed. When
    the entries take more than `MAX_BYTES`, the oldest are dropped. A lock file is created beside
    the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._is_usable = True

    def find(self, keys: Sequence[bytes]) -> dict[bytes, CachedHypothesis]:
        """Return the entries that exist, by key; a damaged one counts as missing."""
        return self._use(lambda database: _read(database, keys), {})

    def keep(self, entries: Mapping[bytes, CachedHypothesis]) -> None:
        """Add all entries or none; existing ones are replaced."""

        def write(database: sqlite3.Connection) -> None:
            rows = [(key, _to_bytes(key, entry)) for key, entry in entries.items()]
            database.executemany(
                "INSERT OR REPLACE INTO hypotheses (key, value) VALUES (?, ?)", rows
            )
            _drop_oldest(database)

        self._use(write, None)

    def _use(self, work: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """Run a transaction, on a new file if the present one is damaged."""
        if not self._is_usable:
            return otherwise
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # SQLite has locks too, but they do not cover the renaming of a damaged file.
            with FileLock(f"{self.path}.lock", timeout=SECONDS):
                try:
                    return self._transact(work)
                except sqlite3.DatabaseError as error:
                    if type(error) is not sqlite3.DatabaseError:  # subclasses are not damage
                        raise
                    self._set_aside(error)
                    return self._transact(work)
        except Timeout:
            self._give_up(f"another process has held it for {SECONDS:.0f} s")
        except (OSError, NotImplementedError, sqlite3.OperationalError) as error:
            self._give_up(getattr(error, "strerror", None) or str(error))
        return otherwise

    def _transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with closing(sqlite3.connect(self.path, timeout=SECONDS, isolation_level=None)) as database:
            # What a power cut takes is noticed, and generated again.
            database.execute("PRAGMA synchronous = OFF")
            layout = database.execute("PRAGMA user_version").fetchone()[0]
            has_tables = database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] > 0
            if has_tables and layout != LAYOUT:
                raise sqlite3.DatabaseError("another version of t5tune wrote it")
            with database:  # which ends the transaction, and undoes it after an error
                database.execute("BEGIN")
                if not has_tables:
                    database.execute(_TABLE)
                    database.execute(f"PRAGMA user_version = {LAYOUT}")
                return work(database)

    def _set_aside(self, error: sqlite3.Error) -> None:
        """Rename the file and its journal, and say so."""
        aside = next_free_path(self.path.with_name(self.path.name + ".damaged"))
        journal = self.path.with_name(self.path.name + "-journal")
        if journal.exists():
            os.replace(journal, f"{aside}-journal")
        os.replace(self.path, aside)
        say(
            f"hypothesis cache: {self.path} cannot be read ({error}); it was renamed "
            f"to {aside.name}, and a new one is created"
        )

    def _give_up(self, reason: str) -> None:
        self._is_usable = False
        say(f"hypothesis cache: {self.path} cannot be used ({reason}); continuing without it")


def _read(database: sqlite3.Connection, keys: Sequence[bytes]) -> dict[bytes, CachedHypothesis]:
    found: dict[bytes, CachedHypothesis] = {}
    for start in range(0, len(keys), _LOOKED_UP_TOGETHER):
        some = keys[start : start + _LOOKED_UP_TOGETHER]
        marks = ", ".join("?" * len(some))
        query = f"SELECT key, value FROM hypotheses WHERE key IN ({marks})"
        for key, value in database.execute(query, some):
            if (entry := _from_bytes(key, value)) is not None:
                found[key] = entry
    return found


def _drop_oldest(database: sqlite3.Connection) -> None:
    """Delete a tenth of the entries, the oldest, until the rest takes at most `MAX_BYTES`."""

    def ask(name: str) -> int:
        return int(database.execute(f"PRAGMA {name}").fetchone()[0])

    # Free pages are used again, so that the file stops growing here.
    while (ask("page_count") - ask("freelist_count")) * ask("page_size") > MAX_BYTES:
        count = database.execute("SELECT count(*) FROM hypotheses").fetchone()[0]
        if count == 0:
            return
        database.execute(
            "DELETE FROM hypotheses WHERE number IN "
            "(SELECT number FROM hypotheses ORDER BY number LIMIT ?)",
            (max(count // 10, 1),),
        )


def _to_bytes(key: bytes, entry: CachedHypothesis) -> bytes:
    """Return JSON after a checksum of key and JSON: a flipped bit must not change a score."""
    value = {"hypothesis": asdict(entry.hypothesis), "source_is_cut": entry.source_is_cut}
    text = json.dumps(value).encode()
    return hashlib.sha256(key + text).digest() + text


def _from_bytes(key: bytes, value: Any) -> CachedHypothesis | None:
    if not isinstance(value, bytes) or hashlib.sha256(key + value[32:]).digest() != value[:32]:
        return None
    content = json.loads(value[32:])
    return CachedHypothesis(Hypothesis(**content["hypothesis"]), content["source_is_cut"])
