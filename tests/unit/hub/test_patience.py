"""Test that what fails at the hub fails within ten seconds, here twenty times as fast."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest
from huggingface_hub import file_download
from huggingface_hub.utils import _http

from t5tune.data.readers import hub_beginnings, hub_parquet
from t5tune.errors import T5TuneError
from t5tune.hub import HubRepository, find_snapshot, patience
from tests.hub.data_sets import SPLITS, translation_table
from tests.hub.server import Hub

SPEED = 20
REPOSITORY = HubRepository("model", "acme/tiny")
FILE = "model.safetensors"
CONTENT = b"0" * 3_500_000  # the library writes a megabyte at a time


@pytest.fixture
def quick(hub_here: Hub, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """Return a hub that pauses and timeouts have a twentieth of their length for."""
    for module in (_http, file_download):
        sleeping = SimpleNamespace(sleep=lambda seconds: time.sleep(seconds / SPEED))
        monkeypatch.setattr(module, "time", sleeping)
    for name in ("ANSWER_SECONDS", "STALL_SECONDS", "LIMIT_SECONDS", "_LAST_TRY_SECONDS"):
        monkeypatch.setattr(patience, name, getattr(patience, name) / SPEED)
    monkeypatch.setattr(patience, "_limit_seconds", lambda: patience.LIMIT_SECONDS)
    hub_here.add("models", "acme/tiny", {FILE: CONTENT})
    return hub_here


def check(error: T5TuneError, begun: float, said: str, expected: str) -> None:
    """Check that one sentence came in time, after a few lines at most."""
    assert expected in error.message
    assert "\n" not in error.message
    assert error.next_command
    # Ten seconds are half a second here; a busy machine takes its time, the library minutes.
    assert time.monotonic() - begun < 4
    assert said.count("\n") <= 5, said


@pytest.mark.parametrize(
    ("part", "fault", "expected", "most_requests"),
    [
        (FILE, {"status": 503}, "503 Service Unavailable", 6),
        (FILE, {"waits": True, "method": "HEAD"}, "it stopped answering", 1),
        (FILE, {"waits": True, "method": "GET"}, "it stopped answering", 2),
        (FILE, {"stops_at": 0, "method": "GET"}, "it stopped answering", 3),
        (FILE, {"cut_after": 0, "method": "GET"}, "before everything had arrived", 7),
        (FILE, {"status": 429}, "too many requests", 6),
        (FILE, {"status": 429, "headers": (("Retry-After", "300"),)}, "too many requests", 2),
        (FILE, {"status": 429, "headers": (("RateLimit", '"resolvers";r=0;t=200'),)},
         "too many requests", 2),
        (FILE, {"status": 503, "headers": (("Retry-After", "60"),), "method": "HEAD"}, "503", 2),
        ("/api/", {"waits": True}, "it stopped answering", 1),
        ("/api/", {"status": 502}, "502 Bad Gateway", 1),
    ],
)  # fmt: skip
def test_a_failure_shows_within_ten_seconds(
    quick: Hub,
    capsys: pytest.CaptureFixture[str],
    part: str,
    fault: dict[str, Any],
    expected: str,
    most_requests: int,
) -> None:
    quick.faults.add(part, **fault)
    begun = time.monotonic()
    with pytest.raises(T5TuneError) as caught:
        find_snapshot(REPOSITORY, "model.name").download([FILE])
    check(caught.value, begun, capsys.readouterr().err, expected)
    assert 0 < len([path for path in quick.paths() if part in path]) <= most_requests + 1


def test_the_pause_that_a_busy_hub_asks_for_is_said(quick: Hub) -> None:
    quick.faults.add(FILE, status=429, headers=(("RateLimit", '"resolvers";r=0;t=200'),))
    with pytest.raises(T5TuneError) as caught:
        find_snapshot(REPOSITORY, "model.name").download([FILE])
    assert "the same command again in 200 seconds" in str(caught.value.next_command)


@pytest.mark.parametrize("fault", [{"waits": True}, {"stops_at": 500}, {"cut_after": 500}])
def test_a_few_rows_of_a_large_file_fail_in_time_too(
    quick: Hub,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fault: dict[str, Any],
) -> None:
    monkeypatch.setattr(hub_beginnings, "SMALL", 0)
    quick.add("datasets", "acme/pairs", {"train.parquet": translation_table(SPLITS["train"])})
    quick.faults.add("train.parquet", method="GET", **fault)
    snapshot = find_snapshot(HubRepository("dataset", "acme/pairs"), "data.train")
    begun = time.monotonic()
    with pytest.raises(T5TuneError) as caught:
        hub_parquet.load_first_rows(snapshot, "train.parquet", 12)
    check(
        caught.value, begun, capsys.readouterr().err, "data.train: acme/pairs could not be loaded"
    )


def test_a_file_that_stops_once_continues(quick: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    quick.faults.add(FILE, stops_at=1_600_000, times=1, method="GET")
    (path,) = find_snapshot(REPOSITORY, "model.name").download([FILE])
    assert path.read_bytes() == CONTENT
    assert [request.range for request in quick.requests if request.range] == ["bytes=1000000-"]
    assert capsys.readouterr().err == "hub: the connection broke; the download continues\n"


def test_a_file_that_breaks_again_and_again_arrives_with_one_line(
    quick: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    quick.faults.add(FILE, cut_after=1_200_000, method="GET")
    (path,) = find_snapshot(REPOSITORY, "model.name").download([FILE])
    assert path.read_bytes() == CONTENT
    assert capsys.readouterr().err == "hub: the connection broke; the download continues\n"


def test_a_users_own_timeouts_may_be_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    assert patience._answer_seconds() == patience.ANSWER_SECONDS
    monkeypatch.setenv("HF_HUB_ETAG_TIMEOUT", "30")
    monkeypatch.setattr(constants, "HF_HUB_ETAG_TIMEOUT", 30)
    assert patience._answer_seconds() == 30
    assert patience._limit_seconds() == 31
