"""What each part of preparing training data costs a pair, in one process.

RAYON_NUM_THREADS=2 .venv/bin/python benchmarks/preparing_costs.py FILE.tsv TOKENIZER [--pairs N]

FILE.tsv and the directory TOKENIZER come from benchmarks/corpus.py. The parts stand in turns; each
line has the median of the rounds in microseconds a pair, with their spread, and the microseconds of
processors, those of copies of the process included, which other programs disturb less. Texts are
tokenized 2,000 at a time.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
from corpus import PairGenerator
from transformers import AutoTokenizer

from t5tune.data.examples import Examples
from t5tune.data.fingerprints import fingerprint_rows
from t5tune.data.overlap import OverlapCounter
from t5tune.data.overlap_index import ChunkMatches
from t5tune.data.pairs import Pairs
from t5tune.data.parallel_map import map_on_all_cores
from t5tune.data.readers.sources import load_split, open_split
from t5tune.data.token_sequences import TokenSequences
from t5tune.data.training_text import TrainingText
from t5tune.recipe.sections.data_entry import DataEntry
from t5tune.recipe.sections.data_section import DataSection

CHUNK = 2000  # as in t5tune.data.encoding
NUM_TEST_PAIRS = 3000
TEST_SEED = 1

Timed = Callable[[str, Callable[[], Any]], Any]


def in_chunks(texts: list[str]) -> Iterator[list[str]]:
    """Yield texts, `CHUNK` at a time."""
    return (texts[start : start + CHUNK] for start in range(0, len(texts), CHUNK))


def read_plainly(path: Path, num_pairs: int) -> list[list[str]]:
    """Read the lines as briefly as Python can, for comparison; nothing is checked."""
    with path.open(encoding="utf-8", newline="\n") as file:
        return [line[:-1].split("\t") for line in islice(file, 1, num_pairs + 1)]


def fingerprint_in_chunks(pairs: list[tuple[str, str]]) -> str:
    """Return what `fingerprint_rows` returns, with one update for many pairs."""
    digest = hashlib.sha256()
    for start in range(0, len(pairs), CHUNK):
        rows = map("\0".join, pairs[start : start + CHUNK])
        digest.update(("\0\n".join(rows) + "\0\n").encode())
    return digest.hexdigest()


def search_overlap(counter: OverlapCounter, pairs: list[tuple[str, str]]) -> None:
    """Compare every pair with a test set."""
    for start in range(0, len(pairs), CHUNK):
        sources, targets = zip(*pairs[start : start + CHUNK], strict=True)
        chunk = Pairs(list(sources), list(targets))
        counter.add(chunk, counter.search(chunk))


def compare_alone(data: DataSection, counter: OverlapCounter, *, on_all_cores: bool) -> None:
    """Read the training pairs and compare them with a test set, as where the tokens are cached."""
    chunks = TrainingText(open_split(data, "train")).usable_chunks("comparing")
    found: Iterable[tuple[Pairs, ChunkMatches]] = ((some, counter.search(some)) for some in chunks)
    for pairs, matches in map_on_all_cores(counter.search, chunks) if on_all_cores else found:
        counter.add(pairs, matches)


def measure(timed: Timed, path: Path, tokenizer: Any, num_pairs: int) -> None:
    """Time every part once."""
    timed("read plainly", lambda: read_plainly(path, num_pairs))
    entry = DataEntry(file=str(path), max_examples=num_pairs)
    section = DataSection(train=entry, validation=entry, source="en", target="de")
    data = timed("read: load_split", lambda: load_split(section, "train"))
    pairs = [(source, references[0]) for source, references in data]
    old = timed("fingerprint: fingerprint_rows", lambda: fingerprint_rows(pairs))
    new = timed("fingerprint: 2,000 pairs at once", lambda: fingerprint_in_chunks(pairs))
    assert old == new
    sources, targets = next(PairGenerator(TEST_SEED).chunks(NUM_TEST_PAIRS))
    index = OverlapCounter([Examples("test", sources, [[target] for target in targets])])
    timed("overlap with 3,000 test pairs", lambda: search_overlap(index, pairs))
    for name, on_all_cores in (("in this process", False), ("by all cores", True)):
        timed(
            f"reading and overlap, {name}",
            partial(compare_alone, section, index, on_all_cores=on_all_cores),
        )
    texts = [text for pair in pairs for text in pair]
    backend = tokenizer.backend_tokenizer
    timed(
        "tokenize: tokenizer(texts)",
        lambda: [tokenizer(some, verbose=False)["input_ids"] for some in in_chunks(texts)],
    )
    timed(
        "tokenize: tokenizer(texts), no attention mask",
        lambda: [
            tokenizer(some, verbose=False, return_attention_mask=False)["input_ids"]
            for some in in_chunks(texts)
        ],
    )
    timed(
        "tokenize: encode_batch, results dropped",
        lambda: [len(backend.encode_batch(some)) for some in in_chunks(texts)],
    )
    timed(
        "tokenize: encode_batch_fast, results dropped",
        lambda: [len(backend.encode_batch_fast(some)) for some in in_chunks(texts)],
    )
    few = texts[: 20 * CHUNK]
    share = len(few) / len(texts)
    encodings = [backend.encode_batch_fast(some) for some in in_chunks(few)]
    ids = timed(
        "ids of encodings, as lists", lambda: [[e.ids for e in some] for some in encodings], share
    )
    arrays: dict[str, Callable[[], Any]] = {
        "arrays: TokenSequences": lambda: [TokenSequences(some) for some in ids],
        "arrays: uint16, np.fromiter over a chain": lambda: [
            np.fromiter(chain.from_iterable(some), dtype=np.uint16) for some in ids
        ],
        "arrays: uint16, np.array of a list": lambda: [
            np.array(list(chain.from_iterable(some)), dtype=np.uint16) for some in ids
        ],
        "arrays: lengths": lambda: [
            np.fromiter(map(len, some), dtype=np.int32, count=len(some)) for some in ids
        ],
    }
    for name, build in arrays.items():
        timed(name, build, share)


def main() -> None:
    """Measure in rounds and print a line for every part."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("path", type=Path)
    parser.add_argument("tokenizer", type=Path)
    parser.add_argument("--pairs", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    tokenizer = AutoTokenizer.from_pretrained(str(options.tokenizer))
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)

    def timed(name: str, work: Callable[[], Any], share: float = 1.0) -> Any:
        wall, worked = time.perf_counter(), sum(os.times()[:4])
        result = work()
        scale = 1e6 / (options.pairs * share)
        seconds = (time.perf_counter() - wall, sum(os.times()[:4]) - worked)
        found[name].append((seconds[0] * scale, seconds[1] * scale))
        return result

    for _ in range(options.rounds):
        measure(timed, options.path, tokenizer, options.pairs)
    threads = os.environ.get("RAYON_NUM_THREADS", "all")
    print(f"{options.pairs:,} pairs, {options.rounds} rounds, threads of the tokenizer: {threads}")
    for name, values in found.items():
        walls, worked = zip(*values, strict=True)
        print(
            f"{name:<48} {statistics.median(walls):7.2f} ({min(walls):.2f} to {max(walls):.2f})"
            f"   of processors {statistics.median(worked):7.2f}"
        )


if __name__ == "__main__":
    main()
