"""The store of tokenized pairs: the same tokens as the tokenizer's, built once, never others."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from transformers import PreTrainedTokenizerBase

from t5tune.data.examples import Examples
from t5tune.data.fingerprints import fingerprint_rows
from t5tune.data.overlap import OverlapCounter
from t5tune.data.pair_encoding import PairEncoder
from t5tune.data.pairs import Cleaning, Pairs
from t5tune.data.store import sequence_files
from t5tune.data.store.store_building import build_store
from t5tune.data.store.store_key import StoreKey, digest_tokenizer
from t5tune.data.store.store_manifest import MANIFEST, stores_directory
from t5tune.data.store.token_store import TokenStore, find_or_build_store, find_store
from t5tune.data.truncation import shorten
from t5tune.errors import T5TuneError
from t5tune.models.families import set_languages
from tests.conftest import number_pairs
from tests.tiny_families import FAMILIES, MULTILINGUAL

PREFIX = "translate: "
TEXTS = [
    *number_pairs(40),
    ("", "nichts"),
    ("nothing", " \t"),
    ("ünd " * 9, "x" * 40),
    ("</s>", "a"),
]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("T5TUNE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def tokenizer(tmp_path: Path) -> PreTrainedTokenizerBase:
    return FAMILIES["t5"](tmp_path)[1]


def chunks(size: int, times: int = 1) -> Iterator[Pairs]:
    texts = TEXTS * times
    for start in range(0, len(texts), size):
        part = texts[start : start + size]
        yield Pairs([source for source, _ in part], [target for _, target in part])


def key(tokenizer: PreTrainedTokenizerBase, **data: object) -> StoreKey:
    return StoreKey(data, digest_tokenizer(tokenizer), PREFIX, 20, 9)


def store_of(
    wanted: StoreKey, pairs: Iterable[Pairs], tokenizer: PreTrainedTokenizerBase
) -> TokenStore:
    encoder = PairEncoder(tokenizer, PREFIX, 20, 9)

    def build(directory: Path) -> None:
        build_store(directory, wanted, lambda: pairs, encoder, origin="a.tsv")

    return find_or_build_store(wanted, stores_directory(), build)


def build(tokenizer: PreTrainedTokenizerBase, size: int = 7, times: int = 1) -> TokenStore:
    wanted = key(tokenizer, size=size, times=times)
    return store_of(wanted, chunks(size, times), tokenizer)


def test_test_sets_are_compared_in_the_processes_that_tokenize(
    tokenizer: PreTrainedTokenizerBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("t5tune.data.parallel_map.count_cores", lambda: 2)
    sources = [TEXTS[3][0], "seventeen elephants", TEXTS[-2][0]]
    examples = Examples("test", sources, [[TEXTS[3][1]], ["x"], ["y"]])
    alone, watched = OverlapCounter([examples]), OverlapCounter([examples])
    for pairs in Cleaning().clean(chunks(7, 3)):
        alone.add(pairs, alone.search(pairs))
    searched_here: list[Pairs] = []
    search = watched.search
    monkeypatch.setattr(
        watched, "search", lambda pairs: searched_here.append(pairs) or search(pairs)
    )
    wanted = key(tokenizer, watched=True)
    encoder = PairEncoder(tokenizer, PREFIX, 20, 9)
    build_store(
        stores_directory() / "a",
        wanted,
        lambda: chunks(7, 3),
        encoder,
        origin="a",
        watch=watched,
    )
    assert len(searched_here) < len(list(chunks(7, 3))), "copies have searched the rest"
    assert watched.results() == alone.results()
    assert watched.results()[0].agreement == ("exact", "clean", "same_source")


@pytest.mark.parametrize("family", FAMILIES)
def test_tokens_are_those_of_the_tokenizer(family: str, tmp_path: Path) -> None:
    _, tokenizer = FAMILIES[family](tmp_path / "model")
    if family in MULTILINGUAL:
        set_languages(tokenizer, "en", "de")
    num_last = 2 if family == "mbart" else 1
    store = build(tokenizer)
    kept = [(s, t) for s, t in TEXTS if s.strip() and t.strip()]
    sides = store.open()
    num_truncated = 0
    for number, (source, target) in enumerate(kept):
        whole = tokenizer(text=PREFIX + source)["input_ids"]
        labels = tokenizer(text_target=target)["input_ids"]
        num_truncated += (len(whole) > 20) + (len(labels) > 9)
        assert sides.sources[number].tolist() == shorten(whole, 20, num_last)
        assert sides.targets[number].tolist() == shorten(labels, 9, 1 if family != "mbart" else 2)
    assert len(sides) == len(kept)
    assert num_truncated > 0
    assert (store.manifest.num_truncated, sides.num_truncated) == (num_truncated, num_truncated)
    assert (store.manifest.num_read, store.manifest.num_blank) == (len(TEXTS), 2)
    assert store.manifest.pairs_sha256 == fingerprint_rows(kept)


def test_neither_chunks_nor_processes_change_anything(tokenizer: PreTrainedTokenizerBase) -> None:
    # 15 times the texts are more chunks than one process takes alone.
    stores = [build(tokenizer, size, 15) for size in (3, 1000)]
    first, second = (store.manifest for store in stores)
    assert first.files == second.files
    assert (first.pairs_sha256, first.num_truncated) == (second.pairs_sha256, second.num_truncated)


def test_the_fingerprint_of_the_tokens_is_that_of_earlier_versions(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    store = build(tokenizer)
    digest = hashlib.sha256()
    for side in (store.open().sources, store.open().targets):
        digest.update(side.lengths.astype(np.int64).tobytes())
        digest.update(side.ids.astype(np.int32).tobytes())
    assert store.manifest.tokens_sha256 == digest.hexdigest()


def test_a_large_vocabulary_takes_32_bits(tmp_path: Path) -> None:
    writer = sequence_files.SequenceWriter(tmp_path, "sources", sequence_files.id_type(65_537))
    writer.append(np.array([1, 2]), np.array([65_536, 1, 70_000], dtype=np.int32))
    writer.close()
    read = sequence_files.map_sequences(tmp_path, "sources", sequence_files.id_type(65_537))
    assert [read[i].tolist() for i in range(2)] == [[65_536], [1, 70_000]]
    narrow = sequence_files.SequenceWriter(tmp_path, "narrow", sequence_files.id_type(65_536))
    narrow.append(np.array([1]), np.array([65_535], dtype=np.int32))
    with pytest.raises(OverflowError):
        narrow.append(np.array([1]), np.array([65_536], dtype=np.int32))


def test_a_second_time_nothing_is_read(tokenizer: PreTrainedTokenizerBase) -> None:
    store = build(tokenizer)
    wanted = key(tokenizer, size=7, times=1)

    def fail(_: Path) -> None:
        raise AssertionError("built again")

    assert find_or_build_store(wanted, stores_directory(), fail) == store


@pytest.mark.parametrize(
    "changes",
    [
        {"prefix": ""},
        {"max_source_length": 21},
        {"max_target_length": 10},
        {"data": {}},
        {"tokenizer": "b"},
    ],
    ids=str,
)
def test_another_key_is_another_store(
    tokenizer: PreTrainedTokenizerBase, changes: dict[str, Any]
) -> None:
    build(tokenizer)
    known = key(tokenizer, size=7, times=1)
    assert find_store(known, stores_directory()) is not None
    assert find_store(replace(known, **changes), stores_directory()) is None


@pytest.mark.parametrize("family", FAMILIES)
def test_a_copy_of_a_tokenizer_is_the_same(family: str, tmp_path: Path) -> None:
    from t5tune.models.loading import load_tokenizer

    _, tokenizer = FAMILIES[family](tmp_path / "model")
    if family in MULTILINGUAL:
        set_languages(tokenizer, "en", "de")
    tokenizer.save_pretrained(tmp_path / "checkpoint")
    copy = load_tokenizer(str(tmp_path / "checkpoint"))
    if family in MULTILINGUAL:
        set_languages(copy, "en", "de")
    assert digest_tokenizer(copy) == digest_tokenizer(tokenizer)
    tokenizer.add_tokens(["new"])
    assert digest_tokenizer(copy) != digest_tokenizer(tokenizer)


@pytest.mark.parametrize("name", ["sources.ids", "targets.lengths", MANIFEST])
@pytest.mark.parametrize("damage", ["changed", "cut", "missing", "empty"])
def test_a_damaged_store_is_built_again(
    name: str, damage: str, tokenizer: PreTrainedTokenizerBase
) -> None:
    store = build(tokenizer)
    path = store.directory / name
    content = path.read_bytes()
    if damage == "changed":
        path.write_bytes(content[:20] + bytes([content[20] ^ 1]) + content[21:])
    elif damage == "cut":
        path.write_bytes(content[:-3])
    elif damage == "empty":
        path.write_bytes(b"")
    else:
        path.unlink()
    assert find_store(key(tokenizer, size=7, times=1), stores_directory()) is None
    assert build(tokenizer).manifest == store.manifest
    assert path.read_bytes() == content


def test_what_fails_leaves_nothing(tokenizer: PreTrainedTokenizerBase, cache: Path) -> None:
    def failing() -> Iterator[Pairs]:
        yield from chunks(7)
        raise T5TuneError("line 9 is damaged", next_command="mend it")

    wanted = key(tokenizer)
    with pytest.raises(T5TuneError, match="line 9"):
        store_of(wanted, failing(), tokenizer)
    blank = [Pairs(["", "a"], ["b", " "])]
    with pytest.raises(T5TuneError, match="every example has a blank source or target"):
        store_of(wanted, blank, tokenizer)
    assert [path.name for path in (cache / "tokens").iterdir() if path.suffix != ".lock"] == []


def _build_slowly(name: str, seconds: float) -> None:
    _, tokenizer = FAMILIES["t5"](Path(name))
    wanted = key(tokenizer)

    def slow() -> Iterator[Pairs]:
        Path(f"{name}.started-{os.getpid()}").touch()
        for chunk in chunks(7):
            time.sleep(seconds)
            yield chunk

    store_of(wanted, slow(), tokenizer)


def test_two_processes_build_it_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    arguments = (str(tmp_path / "model"), 0.1)
    both = [context.Process(target=_build_slowly, args=arguments) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join()
    assert [process.exitcode for process in both] == [0, 0]
    assert len(list(tmp_path.glob("model.started-*"))) == 1


def test_a_full_disk_is_one_sentence(
    tokenizer: PreTrainedTokenizerBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sequence_files.SequenceWriter, "append", full)
    with pytest.raises(T5TuneError, match=r"could not be written to .*: No space left") as caught:
        build(tokenizer)
    assert str(caught.value.next_command).startswith("t5tune cache prune")


def test_the_manifest_says_what_the_store_is(tokenizer: PreTrainedTokenizerBase) -> None:
    store = build(tokenizer)
    values = json.loads((store.directory / MANIFEST).read_text(encoding="utf-8"))
    assert values["key"]["prefix"] == PREFIX
    assert values["key"]["libraries"]["tokenizers"]
