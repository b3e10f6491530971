"""Test that every failure between here and the hub gives one true sentence."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from huggingface_hub import constants, hf_hub_download

from t5tune.errors import T5TuneError
from t5tune.hub import HubRepository, find_snapshot, reaching
from tests.hub.server import Hub

REPOSITORY = HubRepository("model", "acme/tiny")
FILES = {"config.json": b"{}", "model.safetensors": b"0" * 100_000}
FILE = "model.safetensors"


def load() -> list[Path]:
    return find_snapshot(REPOSITORY, "model.name").download(["config.json", FILE])


def failure_of() -> tuple[str, str]:
    """Return the sentence and next command of a load that has to fail."""
    with pytest.raises(T5TuneError) as caught:
        load()
    error = caught.value
    assert error.message.startswith("model.name: ")
    assert error.message.endswith(".")
    assert "\n" not in error.message
    assert error.next_command
    return error.message, error.next_command


@pytest.fixture
def tiny(hub_here: Hub) -> Hub:
    hub_here.add("models", "acme/tiny", FILES)
    return hub_here


def test_what_is_there_is_loaded(tiny: Hub) -> None:
    assert [path.read_bytes() for path in load()] == list(FILES.values())


@pytest.mark.parametrize(
    ("part", "fault", "expected"),
    [
        (FILE, {"reset_after": 40_000}, "the connection was interrupted"),
        (FILE, {"cut_after": 0}, "the connection ended before everything had arrived"),
        (FILE, {"status": 401}, "refuses the token"),
        (FILE, {"status": 403}, "does not let this command read acme/tiny (403 Forbidden)"),
        (FILE, {"status": 404}, "404 Not Found"),
        (FILE, {"status": 429}, "has received too many requests from this address (429 Too"),
        (FILE, {"status": 500}, "is not working: it answers 500 Internal Server Error"),
        (FILE, {"status": 503}, "is not working: it answers 503 Service Unavailable"),
        (FILE, {"body": "<html>Log in to this network</html>"}, "what answers there is not a hub"),
        ("/api/", {"status": 500}, "is not working: it answers 500 Internal Server Error"),
        ("/api/", {"status": 404}, "404 Not Found"),
        ("/api/", {"status": 418}, "418 I'm a Teapot"),
        ("/api/", {"body": "<html>Log in to this network</html>"}, "is not a hub"),
        ("/api/", {"body": "{}"}, "is not a hub"),
        ("/api/", {"body": "[1]"}, "is not a hub"),
    ],
)  # fmt: skip
def test_a_fault_is_named(tiny: Hub, part: str, fault: dict[str, Any], expected: str) -> None:
    tiny.faults.add(part, **fault)
    message, _ = failure_of()
    assert expected in message
    tiny.faults.clear()
    assert load()[1].read_bytes() == FILES[FILE]


def test_an_interrupted_download_continues_where_it_was(
    tiny: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny.faults.add(FILE, cut_after=60_000, times=1, method="GET")
    assert load()[1].read_bytes() == FILES[FILE]
    assert "the connection broke; the download continues\n" in capsys.readouterr().err


def test_a_wait_for_another_try_is_said(tiny: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    tiny.faults.add(FILE, status=503, times=2, method="HEAD")
    load()
    assert capsys.readouterr().err == "hub: no answer; another try in 1 s\n"


def test_nobody_listens(tiny: Hub) -> None:
    tiny.stop()
    message, next_command = failure_of()
    assert "no connection" in message
    assert tiny.address in message
    assert next_command == "check the network, then the same command again"


def test_the_hub_is_silent(tiny: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_ETAG_TIMEOUT", 0.05)
    tiny.faults.add("/api/", waits=True)
    assert "it stopped answering" in failure_of()[0]


def test_a_name_that_the_hub_does_not_have(tiny: Hub) -> None:
    with pytest.raises(T5TuneError) as caught:
        find_snapshot(HubRepository("model", "acme/tyny"), "model.name")
    assert caught.value.message == (
        "model.name: there is no directory acme/tyny, and the hub has no model of that name, or it "
        "is a private one."
    )
    assert "hf auth login" in str(caught.value.next_command)


def test_a_data_set_that_the_hub_does_not_have(tiny: Hub) -> None:
    with pytest.raises(T5TuneError) as caught:
        find_snapshot(HubRepository("dataset", "acme/tiny"), "data.train")
    assert caught.value.message == (
        "data.train: the hub has no data set acme/tiny, or it is a private one."
    )


@pytest.mark.parametrize("name", ["./model", "a/b/c", "no model", "x" * 200, "../up", "-a", "a..b"])
def test_a_name_that_no_hub_has(tiny: Hub, name: str) -> None:
    with pytest.raises(T5TuneError, match="neither an existing directory nor a name"):
        find_snapshot(HubRepository("model", name), "model.name")
    assert not tiny.requests


def test_a_revision_that_the_repository_does_not_have(tiny: Hub) -> None:
    with pytest.raises(T5TuneError, match="the model acme/tiny has no branch, tag or commit v9"):
        find_snapshot(HubRepository("model", "acme/tiny", "v9"), "model.revision")


def test_a_gated_repository_names_its_page_and_the_login(
    tiny: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.repositories["models", "acme/tiny"].token = "right"
    message, next_command = failure_of()
    assert "this command is not logged in" in message
    page = f"ask for access at {tiny.address}/acme/tiny, then: "
    assert next_command == page + "hf auth login   # or set HF_TOKEN"
    monkeypatch.setenv("HF_TOKEN", "somebody")
    message, next_command = failure_of()
    assert "the account of this token is not among them" in message
    assert (
        next_command == f"ask for access at {tiny.address}/acme/tiny, then the same command again"
    )
    monkeypatch.setenv("HF_TOKEN", "wrong")
    assert "refuses the token of this machine" in failure_of()[0]
    monkeypatch.setenv("HF_TOKEN", "right")
    load()


def test_a_gated_data_set_has_its_own_page(hub_here: Hub) -> None:
    repository = hub_here.add("datasets", "acme/tiny", FILES)
    repository.token = "right"
    with pytest.raises(T5TuneError) as caught:
        find_snapshot(HubRepository("dataset", "acme/tiny"), "data.train").download(["config.json"])
    assert f"{hub_here.address}/datasets/acme/tiny" in str(caught.value.next_command)


def test_a_full_disk(
    tiny: Hub,
    small_disk: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tiny.repositories["models", "acme/tiny"].change({FILE: b"0" * 3_000_000})
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(small_disk / "hub"))
    message, next_command = failure_of()
    assert "the disk of the cache is full" in message
    assert next_command.startswith(f"df -h {small_disk}")
    said = capsys.readouterr().err
    assert said.count("\n") == 1, said
    assert said.startswith(f"hub: acme/tiny needs 0.0 GB, and the disk of {small_disk} has 0.0 GB")


def test_what_the_cache_has_under_another_commit_needs_no_room(
    tiny: Hub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    load()
    tiny.repositories["models", "acme/tiny"].change({"README.md": b"another commit"})
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10))
    load()
    assert capsys.readouterr().err == ""


def test_a_cache_that_cannot_be_written(tiny: Hub, tmp_path: Path) -> None:
    (tmp_path / "hf-home").mkdir()
    (tmp_path / "hf-home" / "hub").write_text("a file")
    assert "cannot be written" in failure_of()[0]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (PermissionError(errno.EACCES, "Not yours", "/c/refs"), "/c/refs: Not yours"),
        (OSError(errno.EROFS, "Read-only file system"), "Read-only file system"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "the disk of the cache is full"),
    ],
)  # fmt: skip
def test_what_keeps_the_cache_from_being_written(error: OSError, expected: str) -> None:
    with pytest.raises(T5TuneError) as caught, reaching(REPOSITORY, "model.name"):
        raise error
    assert expected in caught.value.message


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (RuntimeError("CAS service: 500"), "the download failed (CAS service: 500)"),
        (TimeoutError("no answer"), "it stopped answering"),
        (ConnectionResetError("reset"), "the connection was interrupted"),
    ],
)
def test_a_transfer_of_xet_fails(
    tiny: Hub, monkeypatch: pytest.MonkeyPatch, error: Exception, expected: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("huggingface_hub.hf_hub_download", fail)  # Xet's storage is not imitated
    assert expected in failure_of()[0]


@pytest.mark.parametrize("bug", [ValueError("a bug"), KeyError("a bug"), AttributeError("a bug")])
def test_a_bug_stays_one(bug: Exception) -> None:
    with pytest.raises(type(bug)), reaching(REPOSITORY, "model.name"):
        raise bug


def test_the_cause_is_found_behind_a_librarys_own_error(tiny: Hub) -> None:
    tiny.stop()
    with pytest.raises(OSError, match="cannot find") as caught:
        hf_hub_download("acme/tiny", "config.json")
    wrapped = OSError("Make sure you don't have a local directory with the same name")
    wrapped.__cause__ = caught.value
    with pytest.raises(T5TuneError, match="no connection"), reaching(REPOSITORY, "model.name"):
        raise wrapped
