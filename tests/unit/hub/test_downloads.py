"""Test that downloads from the hub show our progress and nothing of the library's."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import pexpect
import pytest
from huggingface_hub.utils._xet_progress_reporting import XetDownloadProgressReporter

from t5tune import console as progress
from t5tune.hub import HubRepository, find_snapshot
from t5tune.hub.downloads import bar_class, counting
from tests.hub.fixtures import HubCommand
from tests.hub.server import Hub

REPOSITORY = HubRepository("model", "acme/tiny")
LOAD = """
from t5tune.hub import HubRepository, find_snapshot
snapshot = find_snapshot(HubRepository("model", "acme/tiny"), "model.name")
snapshot.download(list(snapshot.files))
"""


def test_lines_say_how_much_has_come(hub_here: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub_here.add("models", "acme/tiny", {"a.bin": b"a" * 2_500_000, "b.bin": b"b" * 1_200_000})
    hub_here.faults.add("a.bin", stops_at=1_500_000, method="GET")
    lines: list[str] = []

    def listen(text: str) -> None:
        lines.append(text)
        if "1/4 MB" in text:
            hub_here.go_on.set()

    snapshot = find_snapshot(REPOSITORY, "model.name")
    monkeypatch.setattr(progress, "SILENT_SECONDS", 0.0)
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.01)
    monkeypatch.setattr(progress, "say", listen)
    paths = snapshot.download(["a.bin", "b.bin"])
    assert [path.stat().st_size for path in paths] == [2_500_000, 1_200_000]
    assert all(line.startswith("downloading acme/tiny: ") for line in lines)
    assert lines[-1].startswith("downloading acme/tiny: 4/4 MB, ")
    num_lines = len(lines)
    snapshot.download(["b.bin", "a.bin"])
    assert len(lines) == num_lines, "what is there is not said"


def test_a_small_download_is_not_worth_a_line(
    hub_here: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    hub_here.add("models", "acme/tiny", {"a.json": b"{}"})
    find_snapshot(REPOSITORY, "model.name").download(["a.json"])
    assert capsys.readouterr().err == ""


def test_a_bar_on_a_terminal(hub_command: HubCommand) -> None:
    hub = hub_command.hub
    hub.add("models", "acme/tiny", {"a.bin": b"a" * 3_000_000})
    hub.faults.add("a.bin", stops_at=1_500_000, method="GET")
    own = {"HF_ENDPOINT": hub.address, "HF_HOME": str(hub_command.home), "TERM": "xterm"}
    terminal = pexpect.spawn(
        sys.executable,
        ["-c", LOAD],
        env={**os.environ, **own},  # type: ignore[arg-type]
        dimensions=(24, 100),
        encoding="utf-8",
        timeout=60,
    )
    terminal.expect("downloading acme/tiny")
    terminal.expect("1/3")
    hub.go_on.set()
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0
    shown = str(terminal.before)
    assert "%|" not in shown
    assert "a.bin" not in shown


def test_bytes_that_come_again_are_taken_back(capsys: pytest.CaptureFixture[str]) -> None:
    numbers: list[int] = []
    bar = bar_class(numbers.append)(total=10, initial=3, desc="a", unit="B")
    with bar:
        bar.update(10)
        bar.update(-4)
        bar.update(None)
        bar.set_postfix_str("1 MB/s", refresh=False)
    assert numbers == [10, -4, 0]
    with counting("downloading", 3_000_000) as count:
        count(2_000_000)
        count(-1_500_000)
        count(2_500_000)


def test_what_xet_reports_is_counted_once() -> None:
    numbers: list[int] = []
    reporter = XetDownloadProgressReporter(
        reconstruction_desc="a", total=100, log_level=30, tqdm_class=bar_class(numbers.append)
    )
    with reporter:
        for done in (40, 100):
            report = SimpleNamespace(
                total_bytes=100,
                total_bytes_completed=done,
                total_bytes_completion_rate=1.0,
                total_transfer_bytes_completed=done // 2,
                total_transfer_bytes_completion_rate=None,
            )
            reporter.update_progress(report)
    assert numbers == [40, 60]


def test_the_library_warns_in_vain(
    hub_here: Hub, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    hub_here.add("datasets", "acme/tiny", {"README.md": b"# No front matter\n"})
    find_snapshot(HubRepository("dataset", "acme/tiny"), "data.train")
    logger = logging.getLogger("huggingface_hub.repocard")
    logger.warning("Repo card metadata block was not found. Setting CardData to empty.")
    with warnings.catch_warnings(record=True):
        from huggingface_hub import DatasetCard

        (tmp_path / "README.md").write_text("# No front matter\n")
        DatasetCard.load(tmp_path / "README.md")
    assert capsys.readouterr().err == ""
