"""Build data sets of a few hundred rows, laid out like their repositories on the hub."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.conftest import number_pairs
from tests.hub.server import Hub

Pairs = Sequence[tuple[str, str]]
SPLITS: Mapping[str, Pairs] = {
    "train": number_pairs(150),
    "validation": number_pairs(10, 200),
    "test": number_pairs(13, 300),
}


def translation_table(pairs: Pairs, languages: tuple[str, str] = ("en", "de")) -> bytes:
    """Return a Parquet file with one column `translation`, in groups of ten rows."""
    sides = [pa.array([pair[i] for pair in pairs], pa.string()) for i in (0, 1)]
    column = pa.StructArray.from_arrays(sides, names=list(languages))
    return parquet(pa.table({"translation": column}), 10)


def parquet(table: pa.Table, group: int = 1000) -> bytes:
    """Return the bytes of a Parquet file."""
    stream = io.BytesIO()
    pq.write_table(table, stream, row_group_size=group)
    return stream.getvalue()


def front_matter(**keys: Any) -> bytes:
    """Return a README that begins with these keys."""
    return f"---\n{json.dumps(keys)}\n---\n\n# A data set\n".encode()  # JSON is YAML too


def translation_files(
    splits: Mapping[str, Pairs] = SPLITS,
    *,
    shards: int = 3,
    configs: Sequence[str] = ("cs-en", "de-en"),
) -> dict[str, bytes]:
    """Return files like wmt/wmt14's: a folder per configuration, shards, splits in the README."""
    files = {}
    described = []
    for config in configs:
        data_files = []
        for split, pairs in splits.items():
            num = shards if split == "train" else 1
            for i in range(num):
                part = pairs[len(pairs) * i // num : len(pairs) * (i + 1) // num]
                path = f"{config}/{split}-{i:05}-of-{num:05}.parquet"
                other = config.replace("en", "").strip("-")
                files[path] = translation_table(part, ("en", other))
            data_files.append({"split": split, "path": f"{config}/{split}-*"})
        described.append({"config_name": config, "data_files": data_files})
    return {"README.md": front_matter(configs=described), **files}


def json_lines(pairs: Pairs) -> bytes:
    """Return lines with the keys en and de."""
    return "".join(json.dumps({"en": en, "de": de}) + "\n" for en, de in pairs).encode()


def json_files(splits: Mapping[str, Pairs] = SPLITS) -> dict[str, bytes]:
    """Return files like bentrevett/multi30k's, whose names tell the splits."""
    names = {"train": "train", "validation": "val", "test": "test"}
    files = {f"{names[split]}.jsonl": json_lines(pairs) for split, pairs in splits.items()}
    return {"README.md": front_matter(task_categories=["translation"]), **files}


def squad_files(num: int = 100) -> dict[str, bytes]:
    """Return files like rajpurkar/squad's, with answers in a struct of lists."""
    rows: dict[str, list[Any]] = {"question": [], "context": [], "answers": []}
    for english, german in number_pairs(num):
        rows["question"].append(f"What is {english}?")
        rows["context"].append(f"{english} is {german}.")
        rows["answers"].append({"text": [german, f"the {german}"], "answer_start": [0, 0]})
    file = parquet(pa.table(rows))
    splits = ("train", "validation")
    data_files = [{"split": split, "path": f"plain_text/{split}-*"} for split in splits]
    configs = [{"config_name": "plain_text", "data_files": data_files}]
    files = {f"plain_text/{split}-00000-of-00001.parquet": file for split in splits}
    return {"README.md": front_matter(configs=configs), **files}


def add_shipped_data(hub: Hub) -> None:
    """Add every data set that a shipped recipe names, laid out as on the hub."""
    train = {"train": SPLITS["train"]}
    hub.add("datasets", "wmt/wmt14", translation_files(configs=("cs-en", "de-en")))
    hub.add("datasets", "wmt/wmt16", translation_files(configs=("de-en", "ro-en")))
    books = translation_files(train, configs=("en-fr", "en-hu"), shards=1)
    hub.add("datasets", "Helsinki-NLP/opus_books", books)
    hub.add("datasets", "bentrevett/multi30k", json_files())
    hub.add("datasets", "rajpurkar/squad", squad_files())
    xsum = {"README.md": front_matter(pretty_name="XSum"), "xsum.py": b"import datasets\n"}
    hub.add("datasets", "EdinburghNLP/xsum", xsum)
    converted = {}
    for split, pairs in SPLITS.items():
        columns = {"document": [en for en, _ in pairs], "summary": [de for _, de in pairs]}
        converted[f"default/{split}/0000.parquet"] = parquet(pa.table(columns))
    hub.add("datasets", "EdinburghNLP/xsum", converted, "refs/convert/parquet")
