from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from t5tune.decoding import hypothesis_cache
from t5tune.decoding.hypothesis_cache import (
    CachedHypothesis,
    HypothesisCache,
    choose_cache_file,
    generation_settings,
    make_keys,
)
from t5tune.decoding.translator import DecodingOptions, Hypothesis
from t5tune.files.cache_directory import user_cache_directory
from t5tune.run.directory import RunDirectory

OPTIONS = DecodingOptions(20, num_beams=4)


def entries(num: int, start: int = 0, length: int = 10) -> dict[bytes, CachedHypothesis]:
    settings = generation_settings(OPTIONS, engine="torch", model={"files": "a"})
    numbers = range(start, start + num)
    keys = make_keys(settings, [f"source {i}" for i in numbers])
    values = [
        CachedHypothesis(Hypothesis(f"Übersetzung {i} " + "x" * length, i + 1, i % 2 == 0), i == 3)
        for i in numbers
    ]
    return dict(zip(keys, values, strict=True))


def test_only_what_was_stored_is_found(tmp_path: Path) -> None:
    path = tmp_path / "new" / "hypotheses.sqlite"
    kept = entries(1200)
    HypothesisCache(path).keep(kept)
    asked = [*kept, *entries(5, 2000)]
    assert HypothesisCache(path).find(asked) == kept
    changed = {key: replace(value, source_is_cut=True) for key, value in entries(2).items()}
    HypothesisCache(path).keep(changed)
    assert HypothesisCache(path).find(list(kept)) == {**kept, **changed}


def test_the_key_has_everything_that_changes_a_text() -> None:
    def key(
        source: str = "a",
        engine: str = "torch",
        options: DecodingOptions = OPTIONS,
        prefix: str = "",
        files: str = "f",
    ) -> bytes:
        model = {"files": files, "prefix": prefix}
        return make_keys(generation_settings(options, engine=engine, model=model), [source])[0]

    assert key() == key() == key(options=replace(OPTIONS, tokens_per_batch=7))
    different = {
        key(),
        key(source="a "),
        key(engine="ctranslate2-int8"),
        key(prefix="x: "),
        key(files="g"),
        key(options=replace(OPTIONS, num_beams=5)),
        key(options=replace(OPTIONS, max_new_tokens=21)),
        key(options=replace(OPTIONS, length_penalty=1.1)),
        key(options=replace(OPTIONS, no_repeat_ngram_size=3)),
    }
    assert len(different) == 9


def test_what_older_versions_kept_is_found() -> None:
    settings = generation_settings(OPTIONS, engine="torch", model={})
    assert settings["decoding"] == {
        "max_new_tokens": 20, "num_beams": 4, "length_penalty": 1.0, "no_repeat_ngram_size": 0,
        "num_hypotheses": 1,
    }  # fmt: skip


def test_another_version_of_a_library_is_another_key(monkeypatch: pytest.MonkeyPatch) -> None:
    before = generation_settings(OPTIONS, engine="torch", model={})
    monkeypatch.setattr(hypothesis_cache, "version", lambda package: f"{package} 99")
    assert make_keys(before, ["a"]) != make_keys(
        generation_settings(OPTIONS, engine="torch", model={}), ["a"]
    )


def test_the_oldest_are_dropped_when_the_file_has_reached_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hypothesis_cache, "MAX_BYTES", 200_000)
    path = tmp_path / "hypotheses.sqlite"
    cache = HypothesisCache(path)
    for start in range(0, 2000, 100):
        cache.keep(entries(100, start, length=200))
    found = cache.find(list(entries(2000, length=200)))
    newest = list(entries(100, 1900, length=200))
    assert set(newest) <= set(found)
    assert 200 < len(found) < 1000
    assert next(iter(entries(1, length=200))) not in found
    assert path.stat().st_size < 300_000


@pytest.mark.parametrize("damage", ["text", "header", "middle", "cut", "other version"])
def test_a_damaged_file_is_set_aside(
    damage: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "hypotheses.sqlite"
    kept = entries(500)
    HypothesisCache(path).keep(kept)
    content = bytearray(path.read_bytes())
    if damage == "text":
        path.write_text("no database\n" * 1000)
    elif damage == "header":
        path.write_bytes(b"\0" * 100 + content[100:])
    elif damage == "middle":
        path.write_bytes(content[:4096] + b"\xff" * (len(content) - 8192) + content[-4096:])
    elif damage == "cut":
        path.write_bytes(content[:6000])
    else:
        with sqlite3.connect(path) as database:
            database.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    cache = HypothesisCache(path)
    assert cache.find(list(kept)) == {}
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "hypotheses.sqlite.damaged" in said
    assert path.with_name("hypotheses.sqlite.damaged").read_bytes() == before
    cache.keep(kept)
    assert HypothesisCache(path).find(list(kept)) == kept
    assert capsys.readouterr().err == ""


def test_a_flipped_bit_in_a_text_is_a_missing_entry(tmp_path: Path) -> None:
    path = tmp_path / "hypotheses.sqlite"
    kept = entries(3)
    HypothesisCache(path).keep(kept)
    content = path.read_bytes()
    assert content.count(b"bersetzung 1") == 1
    path.write_bytes(content.replace(b"bersetzung 1", b"bersetzung 2"))
    found = HypothesisCache(path).find(list(kept))
    assert found == {key: kept[key] for key in kept if kept[key].hypothesis.num_tokens != 2}


def test_without_a_writable_place_everything_continues(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    cache = HypothesisCache(tmp_path / "file" / "hypotheses.sqlite")
    cache.keep(entries(3))
    assert cache.find(list(entries(3))) == {}
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "continuing without it" in said


def keep_for_ever(path: Path, start: int) -> None:
    cache = HypothesisCache(path)
    while True:
        cache.keep(entries(200, start, length=1000))
        start += 200


def keep_many(path: Path, start: int) -> None:
    for first in range(start, start + 400, 20):
        HypothesisCache(path).keep(entries(20, first))
        HypothesisCache(path).find(list(entries(20, first)))


def test_several_processes_at_once(tmp_path: Path) -> None:
    path = tmp_path / "hypotheses.sqlite"
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=keep_many, args=(path, 400 * i)) for i in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    assert HypothesisCache(path).find(list(entries(1200))) == entries(1200)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_kill_leaves_all_of_a_write_or_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "hypotheses.sqlite"
    context = multiprocessing.get_context("fork")
    everything = entries(4000, length=1000)
    groups = [list(everything)[i : i + 200] for i in range(0, 4000, 200)]
    for turn in range(8):
        worker = context.Process(target=keep_for_ever, args=(path, 0))
        size = path.stat().st_size if path.exists() else 0
        worker.start()
        while not path.exists() or path.stat().st_size <= size:
            time.sleep(0.001)
        time.sleep(0.007 * turn)
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGKILL)
        worker.join()
        found = HypothesisCache(path).find(list(everything))
        assert found.items() <= everything.items()
        assert {len(found.keys() & set(group)) for group in groups} <= {0, 200}
        path.unlink()
    assert capsys.readouterr().err == ""


def test_where_hypotheses_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = RunDirectory(tmp_path)
    assert choose_cache_file(run) == tmp_path / "cache" / "hypotheses.sqlite"
    monkeypatch.delenv("T5TUNE_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert user_cache_directory() == Path("/somewhere/t5tune")
    if sys.platform == "linux":  # earlier versions wrote such caches
        monkeypatch.delenv("XDG_CACHE_HOME")
        monkeypatch.setenv("HOME", "/home/somebody")
        assert user_cache_directory() == Path("/home/somebody/.cache/t5tune")
    monkeypatch.setenv("T5TUNE_CACHE", "/elsewhere")
    assert choose_cache_file(None) == Path("/elsewhere/hypotheses.sqlite")
    assert choose_cache_file(RunDirectory(tmp_path / "gone")) == choose_cache_file(None)
