"""Build small versions of the repositories that the shipped recipes load."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from tests.conftest import number_pairs
from tests.hub.data_sets import Pairs, front_matter, json_files, parquet, translation_files
from tests.hub.models import byt5_files, mt5_files, t5_files
from tests.hub.server import Hub

# Changes of a shipped recipe that make it a training of a second; its data is small already.
QUICK_OVERRIDES = (
    "training.max_steps=2", "training.tokens_per_batch=600", "training.bf16=false",
    "training.eval_steps=null", "training.num_train_epochs=null",
    "training.early_stopping_patience=null", "data.max_target_length=24",
    "decoding.max_new_tokens=4", "export=none",
)  # fmt: skip

TRAIN = number_pairs(300)
SMALL = {"validation": number_pairs(6, 320), "test": number_pairs(6, 330)}


def add_shipped(hub: Hub) -> None:
    """Add every repository that a shipped recipe names to a hub."""
    hub.add("models", "google-t5/t5-small", t5_files("both"))
    hub.add("models", "google/mt5-small", mt5_files("pickled"))
    hub.add("models", "google/byt5-small", byt5_files("pickled"))
    splits = {"train": TRAIN, **SMALL}
    hub.add("datasets", "wmt/wmt14", translation_files(splits, configs=("cs-en", "de-en")))
    hub.add("datasets", "wmt/wmt16", translation_files(splits, configs=("ro-en",), shards=1))
    hub.add("datasets", "bentrevett/multi30k", json_files(splits))
    hub.add("datasets", "Helsinki-NLP/opus_books", opus_books_files())
    hub.add("datasets", "rajpurkar/squad", squad_files())
    script = {"README.md": front_matter(pretty_name="XSum"), "xsum.py": b"import datasets\n"}
    hub.add("datasets", "EdinburghNLP/xsum", script)
    hub.add("datasets", "EdinburghNLP/xsum", xsum_files(), "refs/convert/parquet")


def opus_books_files() -> dict[str, bytes]:
    """Return one split with numbered rows."""
    sides = [pa.array([pair[i] for pair in TRAIN]) for i in (0, 1)]
    columns = {
        "id": pa.array([str(number) for number in range(len(TRAIN))]),
        "translation": pa.StructArray.from_arrays(sides, names=["en", "fr"]),
    }
    data_files = [{"split": "train", "path": "en-fr/train-*"}]
    return {
        "README.md": front_matter(configs=[{"config_name": "en-fr", "data_files": data_files}]),
        "en-fr/train-00000-of-00001.parquet": parquet(pa.table(columns)),
    }


def squad_files() -> dict[str, bytes]:
    """Return questions whose answers are spans; those for validation have several answers each."""
    paths = {
        split: f"plain_text/{split}-00000-of-00001.parquet" for split in ("train", "validation")
    }
    data_files = [{"split": split, "path": f"plain_text/{split}-*"} for split in paths]
    config = {"config_name": "plain_text", "data_files": data_files}
    return {
        "README.md": front_matter(configs=[config]),
        paths["train"]: parquet(_questions(TRAIN, 1)),
        paths["validation"]: parquet(_questions(SMALL["test"], 3)),
    }


def _questions(pairs: Pairs, num_answers: int) -> pa.Table:
    rows: list[dict[str, Any]] = [
        {
            "id": str(number),
            "context": f"{source} is {target}.",
            "question": f"What is {source}?",
            "answers": {"text": [target] * num_answers, "answer_start": [0] * num_answers},
        }
        for number, (source, target) in enumerate(pairs)
    ]
    return pa.Table.from_pylist(rows)


def xsum_files() -> dict[str, bytes]:
    """Return the branch of a script data set that the hub has converted, which has no README."""
    files = {}
    for split, pairs in {"train": TRAIN, **SMALL}.items():
        rows = [
            {"document": f"{source}.\n{target}.", "summary": target, "id": str(number)}
            for number, (source, target) in enumerate(pairs)
        ]
        files[f"default/{split}/0000.parquet"] = parquet(pa.Table.from_pylist(rows))
    return files
