"""Compare ways of holding tokenized pairs on disk.

.venv/bin/python benchmarks/token_stores.py FILE.tsv TOKENIZER [--pairs N] [--rounds N] [--arm NAME]

FILE.tsv and the directory TOKENIZER come from benchmarks/corpus.py. 200,000 pairs are tokenized,
into plain arrays in --directory that a later call uses again, and repeated to make N. Every arm
then writes them in chunks of 10,000 pairs and reads 20,000 of them at random, 100 at a time, first
from the disk and then from the page cache. The arms take turns, and each writes and reads in
processes of its own. At last it is shown what becomes of a store that several processes read, of
one with other bytes in its middle, of one that is cut, and of one whose writer was killed.

array_record and grain are measured where they are installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from token_store_arms import ARMS, CHUNK, SIDES, Chunk, Side

NEEDED = {"array-record": "array_record", "grain": "grain"}
NUM_TOKENIZED = 200_000
NUM_READS, BATCH = 20_000, 100
MAX_LENGTH = 128
NUM_READERS = 3  # at once


def tokenize(path: Path, tokenizer: Path, directory: Path) -> None:
    """Write ids and lengths of both sides as plain arrays."""
    from transformers import AutoTokenizer

    backend: Any = AutoTokenizer.from_pretrained(str(tokenizer)).backend_tokenizer
    backend.enable_truncation(MAX_LENGTH)
    directory.mkdir(parents=True)
    with path.open(encoding="utf-8", newline="\n") as lines:
        next(lines)
        for _ in range(NUM_TOKENIZED // CHUNK):
            rows = [line[:-1].split("\t") for line in islice(lines, CHUNK)]
            for side, texts in zip(SIDES, zip(*rows, strict=True), strict=True):
                found = [encoding.ids for encoding in backend.encode_batch_fast(list(texts))]
                lengths = np.fromiter(map(len, found), np.int32, len(found))
                for kind, array in (
                    ("lengths", lengths),
                    ("ids", np.concatenate([np.array(ids, np.uint16) for ids in found])),
                ):
                    with (directory / f"{side}.{kind}").open("ab") as file:
                        array.tofile(file)


def stream(directory: Path, num_pairs: int, limit: int | None = None) -> Iterator[Chunk]:
    """Yield chunks of the plain arrays; after a number of them, die as by a signal."""
    files = [
        [(directory / f"{side}.{kind}").open("rb") for kind in ("lengths", "ids")] for side in SIDES
    ]
    for number in range(num_pairs // CHUNK):
        if number == limit:
            os._exit(9)
        sides = []
        for lengths_file, ids_file in files:
            if number % (NUM_TOKENIZED // CHUNK) == 0:
                lengths_file.seek(0)
                ids_file.seek(0)
            lengths = np.fromfile(lengths_file, np.int32, CHUNK)
            sides.append(Side(lengths, np.fromfile(ids_file, np.uint16, int(lengths.sum()))))
        yield sides[0], sides[1]


def memory(kind: str) -> float:
    """Return this process's VmRSS, VmHWM (its peak), or RssAnon (which none shares), in MB."""
    status = Path("/proc/self/status").read_text("utf-8")
    return next(int(line.split()[1]) / 1e3 for line in status.splitlines() if line.startswith(kind))


def write(
    arm: str, tokens: Path, store: Path, num_pairs: int, limit: int | None
) -> dict[str, float]:
    """Write a store and return what it took."""
    writer = ARMS[arm]()
    small = store.with_name("small")
    small.mkdir()
    writer.write(stream(tokens, CHUNK), small)  # imports what it needs
    shutil.rmtree(small)
    Path("/proc/self/clear_refs").write_text("5", "utf-8")  # the peak begins anew
    before = memory("VmRSS")
    worked, begin = time.process_time(), time.perf_counter()
    writer.write(stream(tokens, num_pairs, limit), store)
    took = {
        "write, s": time.perf_counter() - begin,
        "write, s of processors": time.process_time() - worked,
        "write, peak MB added": memory("VmHWM") - before,
    }
    shutil.rmtree(store / "cache", ignore_errors=True)
    for path in files_of(store):
        with path.open("rb") as file:
            os.fsync(file.fileno())
    size = sum(path.stat().st_size for path in files_of(store))
    return took | {"on disk, MB": size / 1e6}


def files_of(store: Path) -> list[Path]:
    """Return all files of a store, the largest first."""
    found = [path for path in store.rglob("*") if path.is_file()]
    return sorted(found, key=lambda path: -path.stat().st_size)


def read(arm: str, store: Path) -> dict[str, float]:
    """Open a store and read from it, first from the disk and then from memory."""
    reader = ARMS[arm]()
    reader.open(store).read([0])  # imports what it needs
    for path in files_of(store):
        descriptor = os.open(path, os.O_RDONLY)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)
    own = memory("RssAnon")
    begin = time.perf_counter()
    opened = reader.open(store)
    took = {"open, ms": 1e3 * (time.perf_counter() - begin)}
    checksum = 0
    for name in ("read a pair from the disk, µs", "read a pair again, µs"):
        order = np.random.default_rng(0).permutation(len(opened))[:NUM_READS].tolist()
        worked, begin = time.process_time(), time.perf_counter()
        for start in range(0, len(order), BATCH):
            for source, target in opened.read(order[start : start + BATCH]):
                checksum += len(source) * 3 + len(target) + int(source[0]) + int(target[-1])
        took[name] = 1e6 * (time.perf_counter() - begin) / len(order)
    took["read again, µs of processors"] = 1e6 * (time.process_time() - worked) / len(order)
    took["memory of its own, MB"] = memory("RssAnon") - own
    return took | {"checksum": checksum}


def read_middle(arm: str, store: Path) -> str:
    """Return what an arm says of the tenth of a store around its middle, and of the last pair."""
    try:
        opened = ARMS[arm]().open(store)
        found = opened.read(
            [*range(len(opened) * 9 // 20, len(opened) * 11 // 20), -1 % len(opened)]
        )
        return f"opens {zlib.crc32(b''.join(ids.tobytes() for pair in found for ids in pair))}"
    except Exception as error:  # whatever the library says is what is asked here
        return f"refused: {type(error).__name__}: {str(error).splitlines()[0][:60]}"


def call(*words: str | Path) -> dict[str, Any]:
    """Do a part in a process of its own; without an answer it was killed."""
    command = [sys.executable, __file__, "--part", *map(str, words)]
    answer = subprocess.run(command, capture_output=True, text=True)
    if answer.returncode not in (0, 9):
        raise SystemExit(answer.stderr)
    lines = answer.stdout.splitlines()
    return json.loads(lines[-1]) if lines else {}


def do_part(kind: str, arm: str, *places: str) -> Any:
    """Do what another process asks for by `call`."""
    if kind == "write":
        return write(arm, Path(places[0]), Path(places[1]), int(places[2]), int(places[3]) or None)
    if kind == "read":
        return read(arm, Path(places[0]))
    return read_middle(arm, Path(places[0]))


def write_anew(
    arm: str, tokens: Path, store: Path, num_pairs: int, limit: int = 0
) -> dict[str, Any]:
    """Write a store where none is."""
    shutil.rmtree(store, ignore_errors=True)
    shutil.rmtree(store.with_name("small"), ignore_errors=True)
    store.mkdir(parents=True)
    return call("write", arm, tokens, store, str(num_pairs), str(limit))


def try_out(arm: str, tokens: Path, store: Path) -> Iterator[tuple[str, Any]]:
    """Yield what an arm says of a store that several read at once, and then of damaged ones."""
    with ThreadPoolExecutor(NUM_READERS) as pool:
        answers = list(pool.map(lambda _: call("read", arm, store), range(NUM_READERS)))
    same = len({answer["checksum"] for answer in answers}) == 1
    yield f"{NUM_READERS} processes at once", "read the same" if same else "read different data"
    sound = call("damage", arm, store)

    def says() -> str:
        """Return what the arm says now; a checksum says nothing to a person."""
        answer = str(call("damage", arm, store))
        return answer if answer.startswith("refused") else f"opens, other data: {answer != sound}"

    largest = files_of(store)[0]
    size = largest.stat().st_size
    with largest.open("r+b") as file:
        file.seek(size // 2)
        file.write(bytes(4096))
    yield "4 KiB of zeros in the middle", says()
    os.truncate(largest, size // 2)
    yield "cut in half", says()
    write_anew(arm, tokens, store, 4 * CHUNK, limit=3)
    yield "writer killed", says()


def main() -> None:
    """Measure in rounds and print a table for every arm."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("path", type=Path)
    parser.add_argument("tokenizer", type=Path)
    parser.add_argument("--pairs", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--arm", action="append", choices=list(ARMS))
    parser.add_argument("--directory", type=Path, help="on the disk in question; kept")
    options = parser.parse_args()
    arms = options.arm or [
        arm for arm in ARMS if arm not in NEEDED or importlib.util.find_spec(NEEDED[arm])
    ]
    with tempfile.TemporaryDirectory(dir=options.directory) as temporary:
        tokens = (options.directory or Path(temporary)) / "tokens"
        store = Path(temporary, "store")
        if not tokens.exists():
            tokenize(options.path, options.tokenizer, tokens)
        found: dict[str, dict[str, list[float]]] = {arm: defaultdict(list) for arm in arms}
        said: dict[str, dict[str, Any]] = {arm: {} for arm in arms}
        for number in range(options.rounds):
            for arm in arms:
                for name, value in write_anew(arm, tokens, store, options.pairs).items():
                    found[arm][name].append(value)
                for name, value in call("read", arm, store).items():
                    found[arm][name].append(value)
                if number == options.rounds - 1:
                    said[arm] = dict(try_out(arm, tokens, store))
                print(f"round {number + 1}: {arm}", file=sys.stderr)
    checksums = {value for values in found.values() for value in values.pop("checksum")}
    assert len(checksums) == 1, checksums
    print(f"{options.pairs:,} pairs, {options.rounds} rounds; medians, with their spread")
    for arm in arms:
        print(f"\n{arm}")
        for name, values in found[arm].items():
            print(
                f"  {name:<38} {statistics.median(values):9.2f}"
                f" ({min(values):.2f} to {max(values):.2f})"
            )
        for name, sentence in said[arm].items():
            print(f"  {name:<38} {sentence}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--part"]:
        print(json.dumps(do_part(*sys.argv[2:])))
    else:
        main()
