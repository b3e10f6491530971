"""Test `t5tune doctor` on this machine, sound and with libraries that break in several ways."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from t5tune.distributed.launch_environment import count_cores
from t5tune.doctor import library_probes
from t5tune.doctor.hub_access import examine_hub
from t5tune.doctor.storage import list_disks
from t5tune.training.preparation.precision import measure_bf16
from tests.conftest import RunCommand

TOKEN = "hf_aVerySecretToken"


class FakeHub(BaseHTTPRequestHandler):
    """Accept one token, and requests without one."""

    def do_GET(self) -> None:
        given = self.headers.get("authorization")
        self.send_response(200 if given in (None, f"Bearer {TOKEN}") else 401)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(autouse=True)
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Return the address of a hub on this machine."""
    from huggingface_hub import constants

    with ThreadingHTTPServer(("127.0.0.1", 0), FakeHub) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setattr(constants, "ENDPOINT", address)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        yield address
        server.shutdown()


def test_a_bug_report_tells_of_the_machine_and_not_of_the_user(
    t5tune: RunCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home" / "alice.private"
    home.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("T5TUNE_CACHE", str(home / "cache"))
    monkeypatch.setenv("LOGNAME", "alice.private")
    (home / "cache").mkdir()
    (home / "cache" / "hypotheses.sqlite").write_bytes(b"12345")
    result = t5tune("doctor", "--json")
    assert "alice" not in result.out
    assert TOKEN not in result.out + result.err
    report = json.loads(result.out)
    caches = {cache["name"]: cache for cache in report["caches"]}
    assert caches["hypotheses"]["num_bytes"] == 5
    assert caches["hypotheses"]["path"] == "~/cache/hypotheses.sqlite"
    libraries = {library["name"]: library for library in report["libraries"]}
    assert [name for name, library in libraries.items() if library["error"]] == []
    torch = libraries["torch"]["facts"]
    assert torch["auto"] == ("bf16" if measure_bf16() else "fp32")
    assert torch["num_threads"] == 1
    assert "int8" in libraries["ctranslate2"]["facts"]["compute_types"]
    packages = {package["name"]: package for package in report["installation"]["packages"]}
    assert packages["torch"]["wanted"] == ">=2.8,<3"
    assert all(package["fits"] for package in packages.values())
    assert report["hub"]["token"] == "accepted"
    assert report["cores"]["num_allowed"] == count_cores()
    broken = [finding for finding in report["findings"] if finding["is_broken"]]
    assert result.code == bool(broken)


def test_libraries_that_break_are_findings(
    t5tune: RunCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "torch.py").write_text("raise OSError('libtorch.so: cannot open shared object')")
    (tmp_path / "transformers.py").write_text("import torch")
    (tmp_path / "numpy.py").write_text("")
    for name in ("pyarrow", "tokenizers", "sentencepiece", "ctranslate2"):
        (tmp_path / f"{name}.py").write_text("")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("HF_TOKEN", "hf_expired")
    result = t5tune("doctor")
    assert result.code == 1
    for sentence in (
        "torch cannot be used: OSError: libtorch.so: cannot open shared object.",
        "ctranslate2 cannot be used: AttributeError: module 'ctranslate2' has no attribute",
        "The hub refuses this machine's token.",
    ):
        assert f"broken   {sentence}" in result.out
    error, command = result.err.splitlines()[-2:]
    assert error.startswith("error: torch cannot be used: OSError: libtorch.so")
    assert "pip install torch==" in command


def test_a_library_that_ends_its_process_does_not_hide_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "first.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    (tmp_path / "second.py").write_text("print('t5tune')")
    (tmp_path / "third.py").write_text("import os\nos._exit(3)")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    found = library_probes.LibraryProbe(("first", "second", "third"), environment).wait()
    assert [(one.name, one.error) for one in found] == [
        ("first", "the import ends the process by SIGKILL"),
        ("second", None),
        ("third", "the import ends the process with exit code 3"),
    ]


def test_a_library_that_hangs_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hanging.py").write_text("import time\ntime.sleep(600)")
    monkeypatch.setattr(library_probes, "LIMIT_SECONDS", 1.0)
    probe = library_probes.LibraryProbe(("hanging",), {**os.environ, "PYTHONPATH": str(tmp_path)})
    assert [one.error for one in probe.wait()] == ["the import had not ended after 1 s"]


def test_what_the_hub_says_to_the_token(hub: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    assert (examine_hub().state, examine_hub().token) == ("answers", "accepted")
    assert "127.0.0.1" not in examine_hub().endpoint
    monkeypatch.setenv("HF_TOKEN", "hf_expired")
    assert examine_hub().token == "refused"
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert (examine_hub().state, examine_hub().token) == ("offline", "not tried")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    silent = examine_hub()
    assert silent.state == "silent"


def test_a_place_that_cannot_hold_files_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    monkeypatch.setenv("T5TUNE_CACHE", str(tmp_path / "file"))
    disks = {use: disk for disk in list_disks() for use in disk.uses}
    assert not disks["cache"].is_writable
    assert disks["cache"].path == str(tmp_path / "file")
    assert disks["runs"].is_writable
    assert disks["runs"].path == str(tmp_path)
    assert disks["runs"].free_bytes > 0
