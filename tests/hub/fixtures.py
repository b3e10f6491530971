"""Fixtures for a hub on loopback, and for commands that load from it.

The libraries read the hub's address when they are imported, so a command that is to meet this hub
runs in a process of its own (`hub_command`). What loads through `t5tune.hub` meets it in this
process too, where `hub_here` has replaced what was read: so do all commands for models.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.conftest import REPOSITORY, Result
from tests.hub.server import Hub

# Settings of this machine's user must not reach the test.
_OWN = ("HF_TOKEN", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE", "HF_HUB_CACHE")


@dataclass
class HubCommand:
    """Run `t5tune ARGUMENTS` in a process that knows only this hub.

    Attributes:
        hub: Where it loads from.
        folder: The directory that commands are typed in.
        home: HF_HOME: the cache, empty at first, kept from one command to the next.
        environment: Further variables.
    """

    hub: Hub
    folder: Path
    home: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: str | Path, **variables: str) -> Result:
        """Run a command to its end. Keyword arguments are variables of its environment."""
        started = self.start(*arguments, **variables)
        out, err = started.communicate()
        return Result(started.returncode, out, err)

    def start(self, *arguments: str | Path, **variables: str) -> subprocess.Popen[str]:
        """Start a command. Keyword arguments are variables of its environment."""
        inherited = {name: value for name, value in os.environ.items() if name not in _OWN}
        own = {
            "HF_ENDPOINT": self.hub.address,
            "HF_HOME": str(self.home),
            "PYTHONPATH": str(REPOSITORY / "tests" / "hub" / "impatient"),
        }
        return subprocess.Popen(
            [sys.executable, "-m", "t5tune", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            cwd=self.folder,
            env={**inherited, **own, **self.environment, **variables},
        )


@pytest.fixture
def hub() -> Iterator[Hub]:
    """Return a hub without repositories."""
    with Hub() as hub:
        yield hub


@pytest.fixture
def hub_command(hub: Hub, tmp_path: Path) -> HubCommand:
    """Return commands that load from `hub`, run in `tmp_path`."""
    home = tmp_path / "hf-home"
    home.mkdir()
    return HubCommand(hub, tmp_path, home)


@pytest.fixture
def hub_here(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """Return `hub` as the hub of this process, with an empty cache and no pauses between tries."""
    from huggingface_hub import constants, file_download
    from huggingface_hub.utils import _http

    from t5tune.hub import offline, patience, snapshot

    for name in _OWN:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")  # so that what a test sets is undone after it
    home = tmp_path / "hf-home"
    template = hub.address + "/{repo_id}/resolve/{revision}/{filename}"
    values = {
        "ENDPOINT": hub.address,
        "HUGGINGFACE_CO_URL_TEMPLATE": template,
        "HF_HUB_OFFLINE": False,
        "HF_HUB_CACHE": str(home / "hub"),
        "HF_TOKEN_PATH": str(home / "token"),
    }
    for name, value in values.items():
        monkeypatch.setattr(constants, name, value)
    monkeypatch.setattr(offline._State, "reason", None)
    monkeypatch.setattr(snapshot, "_found", {})
    # What earlier tests have made fail, and said about it, is forgotten.
    monkeypatch.setattr(patience._Settled, "is_done", False)
    monkeypatch.setattr(logging.getLogger("huggingface_hub"), "handlers", [])
    for module in (_http, file_download):
        monkeypatch.setattr(module, "time", SimpleNamespace(sleep=lambda _: None))
    yield hub
    if (
        config := sys.modules.get("datasets.config")
    ) is not None:  # this module copies what it imports
        config.HF_HUB_OFFLINE = config.HF_DATASETS_OFFLINE = False  # type: ignore[attr-defined]
