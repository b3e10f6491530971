"""What the process that reads and writes spends on a pair, while others clean and tokenize it.

.venv/bin/python benchmarks/executors.py FILE.tsv [TOKENIZER] [--pairs N] [--executors NAME ...]

FILE.tsv and TOKENIZER, a directory, are made by benchmarks/corpus.py. Each executor cleans pairs by
`standard` and then compares and tokenizes them, as `t5tune prepare` does; `ray` starts a cluster of
this machine's cores. Without TOKENIZER every text has 36 tokens, which cost nothing, and the only
rule of cleaning is `duplicates`: the process itself does the same as before, and others hardly
anything. A line has the seconds that passed, the seconds of a processor that the process itself
worked, and a digest of the store. The difference of two numbers of pairs leaves out what is done
once.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np
from corpus import PairGenerator

from t5tune.data.cleaning.cleaner import build_cleaner
from t5tune.data.examples import Examples
from t5tune.data.executors.chosen_executor import EXECUTORS, executing_on
from t5tune.data.overlap import OverlapCounter
from t5tune.data.pair_encoding import EncodedSide, PairEncoder
from t5tune.data.pairs import Pairs
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
NUM_TOKENS = 36  # of a text
STAGES = ("cleaning", "tokens")


class QuickEncoder(PairEncoder):
    """Gives ids without a tokenizer."""

    def __init__(self) -> None:
        self.vocab_size = 32_000

    def encode_pairs(self, pairs: Pairs) -> tuple[EncodedSide, EncodedSide]:
        """Return as many ids as the pairs of benchmarks/corpus.py have."""
        num = len(pairs.sources)
        side = EncodedSide(np.full(num, NUM_TOKENS), np.ones(NUM_TOKENS * num, np.int32), 0)
        return side, side


def measure(executor: str, data: DataSection, tokenizer: Path | None) -> None:
    """Clean and tokenize with an executor, and print what this process spent."""
    rules = STANDARD_RULES if tokenizer is not None else ["duplicates"]
    section = CleaningSection.model_validate(dict.fromkeys(rules, True))
    cleaner = build_cleaner(section, LANGUAGES)
    text = TrainingText(open_split(data, "train", *LANGUAGES), cleaner)
    encode = (
        QuickEncoder()
        if tokenizer is None
        else PairEncoder(load_tokenizer(str(tokenizer)), "translate English to German: ", 128, 128)
    )
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
            own = time.process_time() - spent
            passed = time.perf_counter() - begun
            text.forget()  # the next stage reads again, as it does where data is large
            print(
                f"{executor}: {stage} {passed:.1f} s, {own:.2f} s of the process itself", flush=True
            )
        manifest = read_manifest(store)
        assert manifest is not None
        print(f"{executor}: {report.num_read:,} pairs, {manifest.tokens_sha256[:12]}", flush=True)


def main() -> None:
    """Measure the executors in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file")
    parser.add_argument("tokenizer", type=Path, nargs="?")
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
