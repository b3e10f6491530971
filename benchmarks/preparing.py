"""Time and memory of preparing training data of any size, beside the tokenizer alone.

.venv/bin/python benchmarks/preparing.py DIRECTORY [--pairs N ...] [--rounds R] [--format F]
    [--cut SIZE]

DIRECTORY keeps what benchmarks/corpus.py makes: pairs with the sizes of WMT14, and a tokenizer.
In every round, one process prepares the pairs as `t5tune train` does (reading, cleaning,
fingerprints, comparison with 3,000 test pairs, tokens, store), another one does it a second time,
with the store in the cache, and a third one only tokenizes the same texts, with every core. Each
process prints its seconds, the seconds of processors with those of its copies, and its greatest
resident memory, without what it maps from files and shares with them. With `--cut` a validation
set of that size, such as 2000 or 5%, is cut from the pairs; "identity" contains that.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import psutil
import yaml

HERE = Path(__file__).resolve().parent
PREFIX = "translate English to German: "
NUM_TEST_PAIRS = 3000
TEST_SEED = 1


def corpus_path(directory: Path, num_pairs: int, kind: str) -> Path:
    """Return the path of the pairs, which are written if they are not there."""
    path = directory / f"{num_pairs}.tsv" if kind == "tsv" else directory / f"{num_pairs}-parquet"
    if not path.exists():
        command = [sys.executable, str(HERE / "corpus.py"), str(path), "--pairs", str(num_pairs)]
        subprocess.run([*command, "--format", kind], check=True)
    return path


def tokenizer_path(directory: Path) -> Path:
    """Return the path of the tokenizer, which is trained if it is not there."""
    path = directory / "tokenizer"
    if not path.exists():
        subprocess.run(
            [sys.executable, str(HERE / "corpus.py"), str(path), "--tokenizer"], check=True
        )
    return path


class PeakMemory:
    """Watches the memory of this process, and that of all its copies with it.

    Attributes:
        own: Greatest resident memory of this process, in bytes.
        together: Greatest proportional memory (PSS) of this process and its copies.
    """

    def __init__(self) -> None:
        self.own = 0
        self.together = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        process = psutil.Process()
        while not self._ended.wait(0.5):
            self.own = max(self.own, process.memory_info().rss)
            total = 0
            for one in (process, *process.children(recursive=True)):
                try:
                    total += one.memory_full_info().pss
                except psutil.Error:
                    continue
            self.together = max(self.together, total)

    def __enter__(self) -> PeakMemory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()


def prepare(path: Path, tokenizer_directory: Path, run: Path, cut: str | None) -> dict[str, Any]:
    """Prepare the pairs as a training does, and plan its first epoch."""
    from corpus import PairGenerator

    from t5tune.data.augmentation.rounds import NO_AUGMENTATION
    from t5tune.data.batching.formed_batches import TokenBudgetBatches
    from t5tune.data.examples import Examples
    from t5tune.data.readers.sources import open_split
    from t5tune.data.store.stored_cuts import StoredCuts
    from t5tune.data.training_text import TrainingText
    from t5tune.models.loading import load_tokenizer
    from t5tune.recipe.resolved_recipe import ResolvedData
    from t5tune.run.directory import RunDirectory
    from t5tune.training.preparation.texts import Texts
    from t5tune.training.preparation.tokens import tokenize

    tokenizer = load_tokenizer(str(tokenizer_directory))
    entry: dict[str, Any] = {"file": str(path)}
    if path.is_dir():
        entry = {"hub": str(path), "split": "train"}
    entry |= {"prefix": PREFIX}
    validation = {"from": "train", "size": yaml.safe_load(cut), "prefix": PREFIX} if cut else entry
    data = ResolvedData.model_validate({"train": entry, "validation": validation, "prefix": PREFIX})
    sources, targets = next(PairGenerator(TEST_SEED).chunks(NUM_TEST_PAIRS))
    test = Examples("test", sources, [[target] for target in targets])
    times = {"imports": time.perf_counter() - STARTED}
    started = time.perf_counter()
    cuts = StoredCuts(data, "en", "de")
    training = TrainingText(open_split(data, "train", "en", "de", cuts))
    texts = Texts(training, cuts.identity, test, test)
    times["identity"] = time.perf_counter() - started
    stores = tokenize(texts, tokenizer, data, RunDirectory(run), NO_AUGMENTATION)
    (store,) = stores.by_key.values()
    dataset = store.open()
    times["tokens"] = time.perf_counter() - started
    lengths = dataset.sources.lengths, dataset.targets.lengths
    TokenBudgetBatches(*lengths, 8192, seed=1).plan_epoch(0)
    times["plan"] = time.perf_counter() - started
    files = [file.stat().st_size for file in store.directory.iterdir()]
    return {**times, "pairs": len(dataset), "store_bytes": sum(files)}


def tokenize_alone(path: Path, tokenizer_directory: Path) -> dict[str, Any]:
    """Tokenize the same texts with the library behind the tokenizer, on all cores."""
    from t5tune.models.loading import load_tokenizer

    backend = load_tokenizer(str(tokenizer_directory)).backend_tokenizer
    seconds, num = 0.0, 0
    for sources, targets in read_plainly(path):
        started = time.perf_counter()
        backend.encode_batch_fast([PREFIX + source for source in sources])
        backend.encode_batch_fast(targets)
        seconds += time.perf_counter() - started
        num += len(sources)
    return {"tokens": seconds, "pairs": num}


def read_plainly(path: Path, size: int = 10_000) -> Iterator[tuple[list[str], list[str]]]:
    """Yield sources and targets of some pairs at a time."""
    if path.is_dir():
        import pyarrow.parquet as pq

        for file in sorted(path.rglob("*.parquet")):
            for batch in pq.ParquetFile(file).iter_batches(size):
                rows = batch.column("translation").to_pylist()
                yield [row["en"] for row in rows], [row["de"] for row in rows]
        return
    with path.open(encoding="utf-8") as stream:
        next(stream)
        while rows := list(islice(stream, size)):
            pairs = [row.rstrip("\n").split("\t") for row in rows]
            yield [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def run_part(part: str, path: Path, tokenizer: Path, run: Path, cut: str | None) -> dict[str, Any]:
    """Run one part in a process of its own and return what it measured."""
    command = [sys.executable, __file__, str(path), "--part", part, "--tokenizer", str(tokenizer)]
    command += ["--cut", cut] if cut else []
    environment = {**os.environ, "T5TUNE_CACHE": str(run / "cache"), "PYTHONPATH": str(HERE)}
    done = subprocess.run(
        [*command, "--run", str(run)], check=True, stdout=subprocess.PIPE, env=environment
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(f"{part:>8}", json.dumps(found), f"load {os.getloadavg()[0]:.1f}", flush=True)
    return found


def measure(part: str, path: Path, tokenizer: Path, run: Path, cut: str | None) -> None:
    """Measure one part in this process and print it as JSON."""
    with PeakMemory() as memory:
        values = (
            tokenize_alone(path, tokenizer)
            if part == "alone"
            else prepare(path, tokenizer, run, cut)
        )
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    values["processor_seconds"] = sum(one.ru_utime + one.ru_stime for one in used)
    values["own_mib"] = round(memory.own / 2**20)
    values["together_mib"] = round(memory.together / 2**20)
    print(json.dumps({k: round(v, 3) if isinstance(v, float) else v for k, v in values.items()}))


def main() -> None:
    """Measure every size, in rounds."""
    import shutil

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--pairs", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--format", choices=["tsv", "parquet"], default="tsv")
    parser.add_argument("--cut")
    parser.add_argument("--part")
    parser.add_argument("--tokenizer", type=Path)
    parser.add_argument("--run", type=Path)
    arguments = parser.parse_args()
    if arguments.part:
        measure(
            arguments.part, arguments.directory, arguments.tokenizer, arguments.run, arguments.cut
        )
        return
    arguments.directory.mkdir(parents=True, exist_ok=True)
    tokenizer = tokenizer_path(arguments.directory)
    for num_pairs in arguments.pairs:
        path = corpus_path(arguments.directory, num_pairs, arguments.format)
        rounds = []
        for _ in range(arguments.rounds):
            run = arguments.directory / "run"
            shutil.rmtree(run, ignore_errors=True)
            rounds.append(
                [
                    run_part(part, path, tokenizer, run, arguments.cut)
                    for part in ("first", "second", "alone")
                ]
            )
        print(describe(num_pairs, rounds), flush=True)


def describe(num_pairs: int, rounds: list[list[dict[str, Any]]]) -> str:
    """Return a line with medians and spreads."""

    def spread(values: list[float]) -> str:
        return f"{statistics.median(values):.3g} ({min(values):.3g}-{max(values):.3g})"

    first, second, alone = zip(*rounds, strict=True)
    speeds = [one["tokens"] / other["tokens"] for one, other in zip(alone, first, strict=True)]
    busy = [
        one["processor_seconds"] / other["processor_seconds"]
        for one, other in zip(alone, first, strict=True)
    ]
    return (
        f"{num_pairs:,} pairs: first {spread([one['tokens'] for one in first])} s, "
        f"{spread([1e6 * one['tokens'] / num_pairs for one in first])} us a pair; speed of the "
        f"tokenizer alone {spread(speeds)}, of processors {spread(busy)}; second "
        f"{spread([one['tokens'] for one in second])} s, with its plan "
        f"{spread([one['plan'] for one in second])} s; memory "
        f"{spread([one['own_mib'] for one in first])} MiB, with copies "
        f"{spread([one['together_mib'] for one in first])} MiB, second "
        f"{spread([one['own_mib'] for one in second])} MiB; store "
        f"{first[0]['store_bytes'] / num_pairs:.0f} bytes a pair"
    )


STARTED = time.perf_counter()

if __name__ == "__main__":
    main()
