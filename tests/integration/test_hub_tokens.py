"""Test that the token for the hub is sent to it and shows up nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Result, RunCommand
from tests.hub.fixtures import HubCommand
from tests.hub.server import Hub
from tests.hub.shipped import QUICK_OVERRIDES, add_shipped

SECRET = "hf_SecretOfThisTest"
MODEL, DATA = ("models", "google-t5/t5-small"), ("datasets", "wmt/wmt14")
TRAIN = ("train", "wmt-en-de", *QUICK_OVERRIDES)

FAULTS: list[tuple[str, dict[str, Any]]] = [
    ("/api/models/", {"status": 401}),
    ("/api/models/", {"status": 404}),
    ("/api/models/", {"body": "<h1>Log in</h1>"}),
    ("/api/datasets/", {"status": 403}),
    ("/api/datasets/", {"status": 503}),
    ("README.md", {"status": 429, "headers": (("Retry-After", "60"),)}),
    ("README.md", {"reset_after": 5}),
    ("train-00001", {"status": 500}),
    ("train-00001", {"cut_after": 0}),
    ("config.json", {"status": 401}),
    ("spiece.model", {"status": 403}),
    ("model.safetensors", {"reset_after": 100}),
    ("model.safetensors", {"status": 418}),
]


@pytest.fixture
def secretive(hub_here: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """Return a hub with the data and model of a recipe, asked by somebody with a token."""
    add_shipped(hub_here)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_TOKEN", SECRET)
    monkeypatch.setenv("T5TUNE_CACHE", str(tmp_path / "cache"))
    return hub_here


def check(result: Result, hub: Hub, folder: Path) -> None:
    """Check that the hub got the token, and that neither output nor any file has it."""
    assert SECRET in {request.token for request in hub.requests}
    assert SECRET not in result.out + result.err
    for path in folder.rglob("*"):
        assert SECRET not in str(path)
        assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path


def test_a_run_keeps_the_token_to_itself(
    secretive: Hub, t5tune: RunCommand, tmp_path: Path
) -> None:
    secretive.repositories[MODEL].token = secretive.repositories[DATA].token = SECRET
    result = t5tune(*TRAIN)
    assert result.code == 0, result.err
    check(result, secretive, tmp_path)


def test_no_failure_tells_the_token(
    secretive: Hub, t5tune: RunCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (DATA, MODEL):
        secretive.repositories[name].token = "of somebody else"
        result = t5tune(*TRAIN, "--restart")
        assert result.code == 1, (name, result.err)
        check(result, secretive, tmp_path)
        secretive.repositories[name].token = None
    for part, fault in FAULTS:
        secretive.faults.add(part, **fault)
        result = t5tune(*TRAIN, "--restart")
        assert result.code == 1, (part, fault, result.err)
        check(result, secretive, tmp_path)
        secretive.faults.clear()
        monkeypatch.setattr("t5tune.hub.snapshot._found", {})  # as in a new process


def test_a_traceback_does_not_tell_it_either(hub_command: HubCommand) -> None:
    hub_command.hub.add("models", "acme/tiny", {"config.json": b"{}"})
    hub_command.hub.faults.add("config.json", status=403)
    typed = ("translate", "--model", "acme/tiny", "one")
    result = hub_command(*typed, HF_TOKEN=SECRET, T5TUNE_DEBUG="1", HF_DEBUG="1")
    assert "Traceback" in result.err
    check(result, hub_command.hub, hub_command.folder)


def test_the_password_of_an_address_is_not_shown(
    hub_here: Hub, t5tune: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = hub_here.address.replace("//", f"//somebody:{SECRET}@")
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", address)
    hub_here.stop()
    result = t5tune("translate", "--model", "acme/tiny", "one")
    assert f"the hub ({hub_here.address}): no connection" in result.err
    assert SECRET not in result.err
