"""Test `t5tune push` against a hub on loopback."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml
from huggingface_hub import constants

from t5tune.reporting import pushed_files
from t5tune.run.manifest import write_manifest
from tests.conftest import RunCommand, TrainOnce
from tests.hub.receiving import WRITER
from tests.hub.server import Hub

NAME = "acme/tiny"
LICENCE = ("--license", "apache-2.0")
PUSH = ("push", "runs/tiny", NAME, *LICENCE)


@pytest.fixture
def hub_with_token(
    hub_here: Hub, train_once: TrainOnce, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Hub:
    """Return a hub that this process may write to, in a folder with a finished run."""
    shutil.copytree(train_once() / "runs", tmp_path / "runs")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setenv("HF_TOKEN", WRITER)
    return hub_here


def test_a_run_is_pushed_privately_after_it_was_shown(
    hub_with_token: Hub, t5tune: RunCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = hub_with_token
    adapter = tmp_path / "runs/tiny/adapter"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text("{}")
    write_manifest(adapter, {})
    (adapter / "notes.txt").write_text("of nobody's business")
    shown = t5tune(*PUSH)
    assert "runs/tiny/adapter is left out" in shown.err
    monkeypatch.setattr(pushed_files, "is_hub_id", lambda _: True)
    shown = t5tune(*PUSH)
    assert (shown.code, hub.requests) == (0, []), shown.err
    assert "nothing has been sent" in shown.err
    assert shown.err.splitlines()[-1] == f"try: t5tune {' '.join(PUSH)} --yes"
    assert f"bytes to {hub.address}/{NAME} (private)" in shown.out

    pushed = t5tune(*PUSH, "--yes", "--json")
    assert pushed.code == 0, pushed.err
    repository = hub.repositories["models", NAME]
    assert repository.is_private
    files = {path: bytes(content) for path, content in repository.files().items()}
    result = json.loads(pushed.out)
    assert result["commit"] == repository.branches["main"]
    assert result["files"] == {p: len(c) for p, c in files.items() if p != ".gitattributes"}
    assert {"config.json", "model.safetensors", "ctranslate2-int8/model.bin"} < files.keys()
    assert [path for path in files if path.startswith("adapter/")] == [
        "adapter/adapter_config.json", "adapter/manifest.json"
    ]  # fmt: skip
    reports = {f"t5tune/report.{kind}" for kind in ("json", "md", "html")}
    assert {"README.md", "t5tune/recipe.yaml", *reports} < files.keys()
    _, metadata, _ = files["README.md"].decode().split("---\n", 2)
    assert yaml.safe_load(metadata)["license"] == "apache-2.0"
    assert not [path for path, content in files.items() if str(tmp_path).encode() in content]
    assert all(WRITER not in text for text in (pushed.out, pushed.err))

    translate = ("translate", "one", "--engine", "torch", "--max-new-tokens", "4", "--model")
    translated = t5tune(*translate, NAME)
    assert translated.code == 0, translated.err
    assert translated.out == t5tune(*translate, "runs/tiny").out


def test_an_interrupted_push_continues(hub_with_token: Hub, t5tune: RunCommand) -> None:
    hub = hub_with_token
    hub.faults.add("/objects/batch", body='{"objects": 7}', times=1)
    broken = t5tune(*PUSH, "--yes")
    assert broken.code == 1
    assert "could not be pushed to the hub" in broken.err
    hub.faults.add("/commit/main", status=503, times=1)
    broken = t5tune(*PUSH, "--yes")
    assert broken.code == 1
    assert "is not working: it answers 503" in broken.err
    sent = len(hub.paths("PUT"))
    assert sent == 2, "both files of weights have arrived"
    assert list(hub.repositories["models", NAME].files()) == [".gitattributes"]
    assert t5tune(*PUSH, "--yes").code == 0
    assert len(hub.paths("PUT")) == sent, "what has arrived is not sent again"
    assert "model.safetensors" in hub.repositories["models", NAME].files()


def test_what_cannot_be_pushed_is_refused_in_one_sentence(
    hub_with_token: Hub, t5tune: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = hub_with_token

    def refused(*command: str) -> str:
        result = t5tune(*command)
        assert result.code == 1, result.err
        said = [line for line in result.err.splitlines() if line.startswith(("error:", "try:"))]
        assert len(said) == 2
        return " ".join(said)

    assert "license is missing. try: t5tune push runs/tiny acme/tiny --license LICENCE" in refused(
        "push", "runs/tiny", NAME
    )
    assert "'Apache 2.0', and the hub's names are lowercase" in refused(
        "push", "runs/tiny", NAME, "--license", "Apache 2.0"
    )
    assert "'tiny' is not the name of a repository" in refused("push", "runs/tiny", "tiny")
    card = Path("runs/tiny/model/README.md")
    text = card.read_text()
    card.write_text(text.replace("- en\n- de", "- english\n- de"))
    assert "language has 'english', which is not an ISO 639 code" in refused(*PUSH)
    card.write_text(text.split("---\n", 2)[2])
    assert "no metadata" in refused(*PUSH)
    card.unlink()
    assert "README.md does not exist. try: t5tune eval runs/tiny" in refused(*PUSH)
    card.write_text(text)
    assert hub.requests == [], "all this is found out here"

    monkeypatch.setenv("HF_TOKEN", "hf_reader")
    assert "does not let the account of this token write to acme/tiny (403" in refused(
        *PUSH, "--yes"
    )
    monkeypatch.delenv("HF_TOKEN")
    assert "no token for the hub" in refused(*PUSH, "--yes")
    monkeypatch.setenv("HF_TOKEN", WRITER)
    hub.add("models", NAME, {"README.md": b""})
    assert "exists and is public" in refused(*PUSH, "--yes")
    hub.stop()
    assert "could not be pushed to the hub" in refused(*PUSH, "--yes")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert "HF_HUB_OFFLINE keeps this command off the network" in refused(*PUSH, "--yes")
    with Path("runs/tiny/model/model.safetensors").open("r+b") as weights:
        weights.seek(-3, 2)
        weights.write(b"?")
    assert "runs/tiny/model: model.safetensors" in refused(*PUSH)
    shutil.rmtree("runs/tiny/model")
    assert "has no model yet" in refused(*PUSH)
