"""What the process that reads and writes spends on a pair, while others clean and tokenize it.

.venv/bin/python benchmarks/executors.py FILE.tsv TOKENIZER [--pairs N] [--executors NAME ...]

FILE.tsv and the directory TOKENIZER come from benchmarks/corpus.py. Each executor cleans the
pairs by `standard` and then compares and tokenizes them, as `t5tune prepare` does; `ray` starts a
cluster of this machine's cores. A line has the seconds that passed, the microseconds of a processor
that the one process spent on a pair, and a digest of the store: it bounds how many cores can be of
use.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

from corpus import PairGenerator

from t5tune.data.cleaning.cleaner import build_cleaner
from t5tune.data.examples import Examples
from t5tune.data.executors.chosen_executor import EXECUTORS, executing_on
from t5tune.data.overlap import OverlapCounter
from t5tune.data.pair_encoding import PairEncoder
from t5tune.data.readers.sources import open_split
from t5tune.data.store.store_building import build_store
from t5tune.data.store.store_key import StoreKey
from t5tune.data.store.store_manifest import read_manifest
from t5tune.data.training_text import TrainingText
from t5tune.models.loading import load_tokenizer
from t5tune.recipe.sections.cleaning_section import STANDARD_RULES, CleaningSection
from t5tune.recipe.sections.data_section import DataSection

LANGUAGES = ("en", "de")
TEST_SEED, NUM_TEST_PAIRS = 1, 3000
STAGES = ("cleaning", "tokens")


def measure(executor: str, data: DataSection, tokenizer: Path) -> None:
    """Clean and tokenize with an executor, and print what this process spent."""
    section = CleaningSection.model_validate(dict.fromkeys(STANDARD_RULES, True))
    cleaner = build_cleaner(section, LANGUAGES)
    text = TrainingText(open_split(data, "train", *LANGUAGES), cleaner)
    encode = PairEncoder(load_tokenizer(str(tokenizer)), "translate English to German: ", 128, 128)
    sources, targets = next(PairGenerator(TEST_SEED).chunks(NUM_TEST_PAIRS))
    counter = OverlapCounter([Examples("test", sources, [[target] for target in targets])])
    key = StoreKey({}, "", "", 128, 128)
    with tempfile.TemporaryDirectory() as folder, executing_on(executor):
        store = Path(folder) / "store"
        for stage in STAGES:
            begun, spent = time.perf_counter(), time.process_time()
            if stage == "cleaning":
                report = text.start_cleaning().report
            else:
                build_store(
                    store, key, lambda: text.chunks("tokenizing"), encode, origin="",
                    start_cleaning=text.start_cleaning, watch=counter,
                )  # fmt: skip
            assert report is not None
            own = 1e6 * (time.process_time() - spent) / report.num_read
            passed = time.perf_counter() - begun
            text.forget()  # the next stage reads again, as it does where data is large
            print(f"{executor}: {stage} {passed:.1f} s, {own:.1f} us a pair", flush=True)
        manifest = read_manifest(store)
        assert manifest is not None
        print(f"{executor}: {report.num_read:,} pairs, {manifest.tokens_sha256[:12]}", flush=True)


def main() -> None:
    """Measure the executors in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file")
    parser.add_argument("tokenizer", type=Path)
    parser.add_argument("--pairs", type=int)
    parser.add_argument("--executors", nargs="+", choices=list(EXECUTORS), default=list(EXECUTORS))
    arguments = parser.parse_args()
    entry = {"file": arguments.file, "max_examples": arguments.pairs}
    data = DataSection.model_validate({"train": entry, "validation": entry})
    for executor in arguments.executors:
        if executor == "ray":
            import ray

            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
            ray.init(include_dashboard=False, log_to_driver=False, logging_level="ERROR")
        measure(executor, data, arguments.tokenizer)


if __name__ == "__main__":
    main()
