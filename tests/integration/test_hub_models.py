"""Test commands that load a model from the hub, with and without a network."""

from __future__ import annotations

import json
import re
import shutil
import threading
from pathlib import Path

import pytest
import yaml

from tests.conftest import TINY, Result, RunCommand, number_pairs, write_pairs
from tests.hub.fixtures import HubCommand
from tests.hub.models import byt5_files, mt5_files, t5_files
from tests.hub.server import Hub
from tests.hub.shipped import add_shipped

NAME = "acme/tiny-t5"
TRANSLATE = ("translate", "--model", NAME, "one two", "--max-new-tokens", "3")
TRANSLATE = (*TRANSLATE, "--source-lang", "en", "--target-lang", "de")
LIMIT = "the translation of line 1 ended at the limit of 3 tokens (--max-new-tokens)"
SAID = ["engine: torch (cpu)", LIMIT]  # by TRANSLATE, and nothing else


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a recipe with two steps from a model on the hub."""
    for split, num in (("train", 60), ("validation", 4), ("test", 4)):
        write_pairs(tmp_path, split, number_pairs(num, 100))
    content = {**TINY, "model": {"name": NAME}, "decoding": {"num_beams": 1, "max_new_tokens": 4}}
    content["training"] = {"max_steps": 2, "eval_steps": 2, "tokens_per_batch": 200, "bf16": False}
    path = tmp_path / "tiny.yaml"
    path.write_text(yaml.safe_dump({**content, "export": "none"}), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return path


def said(result: Result) -> list[str]:
    """Return the lines on stderr, without progress lines that a busy machine prints."""
    return [line for line in result.err.splitlines() if not re.search(r"\d s\b", line)]


def sentence(result: Result) -> str:
    """Return the error of a command that printed only the run's name, it, and a next command."""
    lines = [line for line in said(result) if not line.startswith("run: ")]
    assert result.code == 1, result.err
    assert [line.partition(":")[0] for line in lines] == ["error", "try"], result.err
    return lines[0].removeprefix("error: ")


def test_a_run_stays_on_the_commit_that_it_started_with(
    hub_here: Hub,
    t5tune: RunCommand,
    recipe: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    repository = hub_here.add("models", NAME, t5_files(seed=1))
    first = repository.branches["main"]
    run = tmp_path / "runs" / "tiny"

    def check_commit(result: Result) -> None:
        assert result.code == 0, result.err
        assert json.loads((run / "environment.json").read_text())["commits"] == {"model": first}
        assert yaml.safe_load((run / "recipe.yaml").read_text())["model"]["revision"] == first

    result = t5tune("train", recipe)
    check_commit(result)
    assert f"model: {NAME}, commit {first[:7]}\n" in result.err
    weights = (run / "model" / "model.safetensors").read_bytes()
    second = repository.commit(t5_files(seed=2))
    hub_here.requests.clear()
    # With a checkpoint, the hub is not asked.
    check_commit(t5tune("train", recipe, "training.max_steps=3"))
    assert not hub_here.requests
    # Without a checkpoint, the run starts again from the same weights.
    shutil.rmtree(run / "model")
    shutil.rmtree(run / "checkpoints")
    check_commit(t5tune("train", recipe))
    assert (run / "model" / "model.safetensors").read_bytes() == weights
    # The run's own recipe counts as the same recipe.
    result = t5tune("train", run / "recipe.yaml", "--output-dir", run)
    assert (result.code, "this run is finished" in result.err) == (0, True), result.err
    # The base of the comparison is the commit that the run started from.
    shutil.rmtree(tmp_path / "hf-home")
    monkeypatch.setattr("t5tune.hub.snapshot._found", {})  # as in a new process
    result = t5tune("compare", "base", run)
    assert result.code == 0, result.err
    assert any(f"/resolve/{first}/model.safetensors" in path for path in hub_here.paths())
    assert not any(second in path for path in hub_here.paths())


def test_an_adapter_resumes_on_the_commit_of_its_model(
    hub_here: Hub, t5tune: RunCommand, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = hub_here.add("models", NAME, t5_files(seed=1))
    first = repository.branches["main"]
    command = ("train", recipe, "model.adapter={type: ia3}")
    assert t5tune(*command).code == 0
    repository.commit(t5_files(seed=2))

    def forget_model() -> None:
        shutil.rmtree(tmp_path / "hf-home")
        monkeypatch.setattr("t5tune.hub.snapshot._found", {})  # as in a new process

    forget_model()
    result = t5tune(*command, "training.max_steps=3")
    assert result.code == 0, result.err
    config = json.loads(Path("runs/tiny/adapter/adapter_config.json").read_text(encoding="utf-8"))
    assert (config["base_model_name_or_path"], config["revision"]) == (NAME, first)
    forget_model()
    hub_here.stop()
    result = t5tune(*command, "training.max_steps=4")
    assert result.code == 1
    assert f"error: model.name: {NAME} could not be loaded from the hub" in result.err


def test_a_new_run_takes_the_newest_commit(
    hub_here: Hub, t5tune: RunCommand, recipe: Path, tmp_path: Path
) -> None:
    repository = hub_here.add("models", NAME, t5_files(seed=1))
    assert t5tune("train", recipe, "training.max_steps=1").code == 0
    second = repository.commit(t5_files(seed=2))
    result = t5tune("train", recipe, "training.max_steps=1", "--restart")
    assert f"model: {NAME}, commit {second[:7]}\n" in result.err


def test_a_revision_is_resolved_too(
    hub_here: Hub, t5tune: RunCommand, recipe: Path, tmp_path: Path
) -> None:
    repository = hub_here.add("models", NAME, t5_files(seed=1))
    tag = repository.commit(t5_files(seed=2), "v2")
    result = t5tune("train", recipe, "model.revision=v2", "training.max_steps=1")
    assert result.code == 0, result.err
    resolved = yaml.safe_load((tmp_path / "runs" / "tiny" / "recipe.yaml").read_text())
    assert resolved["model"]["revision"] == tag
    result = t5tune("train", recipe, "model.revision=v3", "--restart")
    assert sentence(result) == f"model.name: the model {NAME} has no branch, tag or commit v3."


def test_a_tokenizer_that_a_new_model_takes_over_is_pinned(
    hub_here: Hub, t5tune: RunCommand, recipe: Path, tmp_path: Path
) -> None:
    commit = hub_here.add("models", NAME, t5_files()).branches["main"]
    section = {**TINY["model"]["from_scratch"], "tokenizer": {"type": "existing", "name": NAME}}  # type: ignore[index]
    content = yaml.safe_load(recipe.read_text())
    content["model"] = {"from_scratch": section}
    recipe.write_text(yaml.safe_dump(content))
    result = t5tune("train", recipe)
    assert result.code == 0, result.err
    assert f"tokenizer: {NAME}, commit {commit[:7]}\n" in result.err
    environment = json.loads((tmp_path / "runs" / "tiny" / "environment.json").read_text())
    assert environment["commits"] == {"model.from_scratch.tokenizer": commit}
    assert not any("model.safetensors" in path for path in hub_here.paths())
    hub_here.stop()
    (tmp_path / "hf-home").rename(tmp_path / "gone")
    error = sentence(t5tune("train", recipe, "--restart"))
    assert error.startswith(f"model.from_scratch.tokenizer.name: {NAME} could not be loaded")


def test_only_the_files_that_are_needed_come_and_of_one_commit(
    hub_here: Hub, t5tune: RunCommand, recipe: Path
) -> None:
    repository = hub_here.add("models", NAME, t5_files())
    assert t5tune("train", recipe, "training.max_steps=1").code == 0
    start = f"/{NAME}/resolve/{repository.branches['main']}/"
    asked = [path for path in hub_here.paths() if "/api/" not in path]
    assert all(path.startswith(start) for path in asked)
    assert {path.removeprefix(start) for path in asked} == {
        "config.json", "generation_config.json", "model.safetensors",
        "spiece.model", "tokenizer_config.json",
    }  # fmt: skip
    told = [path for path in hub_here.paths() if path.startswith(f"/api/models/{NAME}")]
    assert told == [f"/api/models/{NAME}"], "the hub is asked once"


@pytest.mark.parametrize("files", [mt5_files, byt5_files])
def test_pickled_weights_are_converted_once_if_that_is_allowed(
    hub_here: Hub, t5tune: RunCommand, tmp_path: Path, files: type[dict[str, bytes]]
) -> None:
    hub_here.add("models", NAME, files("pickled"))
    threads = set(threading.enumerate())
    refused = t5tune(*TRANSLATE)
    assert f"{NAME}: its weights are only in a pickle (pytorch_model.bin)" in sentence(refused)
    assert not any(path.endswith("/pytorch_model.bin") for path in hub_here.paths())
    result = t5tune(*TRANSLATE, "--allow-pickle")
    assert result.code == 0, result.err
    # The hub's library asks once per process for the names of programs that may run it.
    expected = {f"/api/models/{NAME}", "/api/agent-harnesses"}
    assert {path for path in hub_here.paths() if path.startswith("/api/")} <= expected
    started = {thread.name for thread in set(threading.enumerate()) - threads}
    assert "Thread-auto_conversion" not in started
    assert said(result) == SAID
    (pickled,) = (tmp_path / "hf-home").rglob("pytorch_model.bin")
    pickled.resolve().unlink()
    assert t5tune(*TRANSLATE) == result, "the converted weights need neither permission nor pickle"
    assert "weights" in t5tune("cache", "list").out


def test_without_a_network_the_cache_is_used_at_once(
    hub_command: HubCommand, hub_here: Hub, t5tune: RunCommand
) -> None:
    hub = hub_here  # which is that of the command, and has its cache
    commit = hub.add("models", NAME, t5_files()).branches["main"]
    online = t5tune(*TRANSLATE)
    assert (online.code, said(online)) == (0, SAID)
    hub.stop()
    offline = hub_command(*TRANSLATE, PYTHONPATH="")  # with the library's own pauses
    assert (offline.code, offline.out) == (0, online.out), offline.err
    line, *others = said(offline)
    assert others == SAID
    assert line.startswith(f"hub: the hub ({hub.address}) cannot be reached (no connection")
    assert f"{NAME} comes from the cache, commit {commit[:7]}" in line
    assert line.endswith("HF_HUB_OFFLINE=1 uses the cache without asking")


def test_the_network_may_be_forbidden(
    hub_here: Hub, t5tune: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub_here.add("models", NAME, t5_files())
    online = t5tune(*TRANSLATE)
    hub_here.requests.clear()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("t5tune.hub.snapshot._found", {})
    offline = t5tune(*TRANSLATE)
    assert (offline.code, offline.out, said(offline)) == (0, online.out, SAID)
    assert not hub_here.requests
    assert sentence(t5tune("translate", "--model", "acme/other", "one")) == (
        "the model acme/other is not in the cache, and HF_HUB_OFFLINE keeps this "
        "command off the network."
    )


def test_without_a_network_and_a_cache_one_sentence_says_so(
    hub_here: Hub, t5tune: RunCommand, recipe: Path
) -> None:
    hub_here.stop()
    error = sentence(t5tune("train", recipe))
    assert error.startswith(f"model.name: {NAME} could not be loaded from the hub (http://")
    assert "no connection" in error


def test_a_cache_that_lacks_the_weights_is_not_enough(
    hub_here: Hub, t5tune: RunCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub_here.add("models", NAME, t5_files())
    assert t5tune(*TRANSLATE).code == 0
    for path in (tmp_path / "hf-home").rglob("model.safetensors"):
        path.unlink()
    monkeypatch.setattr("t5tune.hub.snapshot._found", {})
    hub_here.stop()
    result = t5tune(*TRANSLATE)
    assert "error: acme/tiny-t5 is not in the cache, and the hub" in result.err
    assert result.code == 1


def test_a_model_that_the_hub_does_not_have(
    hub_here: Hub, t5tune: RunCommand, recipe: Path
) -> None:
    expected = (
        f"model.name: there is no directory {NAME}, and the hub has no model of that name, or it "
        "is a private one."
    )
    assert sentence(t5tune("train", recipe)) == expected
    assert sentence(t5tune(*TRANSLATE)) == expected.removeprefix("model.name: ")


def test_a_gated_model_is_noticed_before_data_is_downloaded(
    hub_here: Hub, t5tune: RunCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_shipped(hub_here)
    monkeypatch.chdir(tmp_path)
    hub_here.repositories["models", "google-t5/t5-small"].token = "of somebody else"
    error = sentence(t5tune("train", "wmt-en-de"))
    assert error.startswith("model.name: the model google-t5/t5-small is open only to those who")
    assert not any("/datasets/" in path for path in hub_here.paths())


def test_a_repository_without_weights_for_torch(hub_here: Hub, t5tune: RunCommand) -> None:
    files = t5_files("safetensors")
    del files["model.safetensors"]
    commit = hub_here.add("models", NAME, files).branches["main"]
    assert sentence(t5tune(*TRANSLATE)) == (
        f"the model {NAME} has no weights that PyTorch reads at commit {commit[:7]}."
    )


@pytest.mark.parametrize("name", ["model.safetensors", "spiece.model"])
def test_a_damaged_file_in_the_cache_is_named(
    hub_here: Hub, t5tune: RunCommand, tmp_path: Path, name: str
) -> None:
    hub_here.add("models", NAME, t5_files("safetensors"))
    assert t5tune(*TRANSLATE).code == 0
    (path,) = (tmp_path / "hf-home").rglob(name)
    content = path.read_bytes()
    path.resolve().write_bytes(content[: len(content) // 2])
    result = t5tune(*TRANSLATE)
    assert f"{NAME}: {name} in the cache is damaged" in sentence(result)
    cache = f"{tmp_path}/hf-home/hub/models--acme--tiny-t5"
    assert f"try: rm -r {cache}   # it is downloaded again" in result.err
    shutil.rmtree(cache)
    assert t5tune(*TRANSLATE).code == 0
