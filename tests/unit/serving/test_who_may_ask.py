"""Test keys and rates: who may ask a server, and how often."""

from __future__ import annotations

from pathlib import Path

import pytest

from t5tune.errors import T5TuneError
from t5tune.serving.api_keys import VARIABLE, read_api_keys
from t5tune.serving.finished_files import KEPT_BYTES, KEPT_SECONDS, FinishedFiles
from t5tune.serving.request_rate import RequestRate

KEYS = ["a" * 16, "0123456789abcdefé"]


def test_keys_come_from_a_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "keys.txt"
    file.write_text(f"# ours\n{KEYS[0]}\n\n  {KEYS[1]} \n", encoding="utf-8")
    monkeypatch.setenv(VARIABLE, f"{KEYS[0]}, {KEYS[1]}")
    for keys in (read_api_keys(file), read_api_keys(None)):
        assert [keys.find(key) for key in (*KEYS, "b" * 16, "")] == [1, 2, None, None]
    monkeypatch.delenv(VARIABLE)
    assert not read_api_keys(None)


def test_a_file_without_keys_and_a_short_key_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "keys.txt"
    file.write_text("# none\n", encoding="utf-8")
    with pytest.raises(T5TuneError, match="has no key"):
        read_api_keys(file)
    file.write_text("secret\n", encoding="utf-8")
    with pytest.raises(T5TuneError, match="key 1 has less than 16 characters") as caught:
        read_api_keys(file)
    assert "secret" not in str(caught.value)


def test_a_client_has_its_requests_again_after_a_while() -> None:
    now = 0.0
    rate = RequestRate(3, lambda: now)
    assert [rate.take("one") for _ in range(5)] == [None, None, None, 20, 20]
    assert rate.take("other") is None
    now = 19.0
    assert rate.take("one") == 1
    now = 20.0
    assert [rate.take("one"), rate.take("one")] == [None, 20]


def test_files_are_kept_for_a_while_and_not_too_many() -> None:
    now = 0.0
    files = FinishedFiles(lambda: now)
    first = files.keep("a.txt", b"x" * (KEPT_BYTES // 2))
    assert first.endswith(".a.txt")
    second = files.keep("b.txt", b"y" * (KEPT_BYTES // 2 + 1))
    assert files.find(first) is None
    assert files.find(second) is not None
    now = KEPT_SECONDS + 1
    assert files.find(second) is None
