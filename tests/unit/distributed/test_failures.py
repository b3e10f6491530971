"""Test that the first error is the one that is shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from t5tune.distributed.failures import (
    Failure,
    MainProcessFailed,
    describe_failure,
    find_cause,
    read_failure,
)
from t5tune.distributed.launcher import Launch
from t5tune.errors import T5TuneError

CONNECTION = RuntimeError("[gloo/transport/tcp/pair.cc:534] Connection closed by peer [::1]:1")


def test_what_follows_from_another_failure_comes_last() -> None:
    following = describe_failure(CONNECTION, 0)
    assert following.is_consequence
    assert describe_failure(MainProcessFailed(), 1).is_consequence
    cause = Failure(1, "killed", following.time + 1)
    assert find_cause([following, cause]) == cause


def test_the_earlier_one_is_the_cause_and_rank_0_speaks_for_all() -> None:
    first, second = Failure(1, "a", 1.0), Failure(0, "b", 2.0)
    assert find_cause([second, first]) == first
    same = [
        describe_failure(T5TuneError("diverged", next_command="again"), rank) for rank in (1, 0)
    ]
    assert find_cause(same).rank == 0
    assert same[0].text == "error: diverged\ntry: again"


def test_a_bug_keeps_its_traceback() -> None:
    try:
        raise KeyError("x")
    except KeyError as error:
        failure = describe_failure(error, 1)
    assert failure.text.startswith("Traceback")
    assert failure.text.endswith("KeyError: 'x'")
    assert not failure.is_consequence


def test_a_file_that_is_not_a_failure_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / "failure.json"
    assert read_failure(path) is None
    path.write_text("{}", encoding="utf-8")
    assert read_failure(path) is None
    failure = Failure(1, "a", 1.0, is_sentence=True)
    path.write_text(json.dumps(vars(failure)), encoding="utf-8")
    assert read_failure(path) == failure


def test_addresses() -> None:
    assert Launch(2, 2, 0, "node1:29500").address() == ("node1", 29500)
    host, port = Launch(2).address()
    assert host == "127.0.0.1"
    assert 0 < port < 1 << 16
    for wrong in ("node1", "node1:", ":29500", "node1:99999"):
        with pytest.raises(T5TuneError, match="does not have the form HOST:PORT"):
            Launch(2, 2, 0, wrong).address()
