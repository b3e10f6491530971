"""Test docs/reliability.md: after any fault a run continues to the same model, or says why not."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from t5tune.decoding.torch_translator import TorchTranslator
from t5tune.files.json_values import read_log
from t5tune.run.directory import RunDirectory
from t5tune.run.failure import read_failure
from t5tune.run.manifest import MANIFEST, find_damage, read_manifest, write_manifest
from t5tune.training.checkpoints.store import step_of
from t5tune.training.trainer import T5TuneTrainer
from tests import forks
from tests.conftest import (
    REPOSITORY,
    RunCommand,
    TrainOnce,
    listen_to_ctrl_c,
    number_pairs,
    write_pairs,
)
from tests.weights import same_weights

CHECKPOINTS = Path("runs/tiny/checkpoints")
SETTINGS = ("training.save_total_limit=3", "training.max_steps=12", "training.ema_decay=0.9")
DAMAGES = ("deleted", "truncated", "flipped")


def damage(path: Path, how: str) -> None:
    content = bytearray(path.read_bytes())
    if how == "deleted":
        path.unlink()
        return
    if how == "truncated":
        del content[len(content) // 2 :]
    else:
        content[len(content) // 2] ^= 0b100
    path.write_bytes(content)


def forget_model() -> None:
    """Leave the run as if it had been killed after its last checkpoint."""
    shutil.rmtree("runs/tiny/model")
    shutil.rmtree("runs/tiny/eval")


@pytest.fixture(scope="session")
def finished(train_once: TrainOnce) -> Path:
    """Return a folder with a recipe and its finished run."""
    return train_once(*SETTINGS)


@pytest.fixture
def run(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copy the finished run into the current directory."""
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return Path("runs/tiny")


def newest_checkpoint() -> Path:
    return max(CHECKPOINTS.iterdir(), key=step_of)


CHECKPOINT_FILES = (
    "config.json", "ema.safetensors", "generation_config.json", "manifest.json",
    "model.safetensors", "optimizer.pt", "rng_state.pth", "scheduler.pt", "tokenizer.json",
    "tokenizer_config.json", "trainer_state.json",
)  # fmt: skip


# `make stress` tries all three for every file.
@pytest.mark.parametrize(
    ("name", "how"),
    [
        pytest.param(
            name,
            how,
            marks=[] if how == DAMAGES[i % 3] else [pytest.mark.stress],
            id=f"{name}-{how}",
        )
        for i, name in enumerate(CHECKPOINT_FILES)
        for how in DAMAGES
    ],
)
def test_a_damaged_file_is_named_and_the_run_ends_with_the_same_weights(
    name: str, how: str, run: Path, finished: Path, t5tune: RunCommand
) -> None:
    assert {path.name for path in newest_checkpoint().iterdir()} == set(CHECKPOINT_FILES)
    forget_model()
    damage(CHECKPOINTS / "checkpoint-12" / name, how)
    result = t5tune("train", "tiny.yaml", *SETTINGS)
    assert result.code == 0, result.err
    assert f"skipped {CHECKPOINTS}/checkpoint-12: {name} " in result.err
    assert f"resuming from {CHECKPOINTS}/checkpoint-8" in result.err
    assert same_weights(run, finished / run)
    assert t5tune("verify", run).code == 0


def test_a_run_without_an_intact_checkpoint_is_refused(run: Path, t5tune: RunCommand) -> None:
    forget_model()
    for path in CHECKPOINTS.iterdir():
        damage(path / "optimizer.pt", "flipped")
    before = sorted(Path().rglob("*"))
    result = t5tune("train", "tiny.yaml", *SETTINGS)
    assert result.code == 1
    assert (
        "checkpoint-12: optimizer.pt has changed since it was written; no checkpoint of this run "
        "is complete.\ntry: the same command with --restart" in result.err
    )
    assert read_failure(RunDirectory(run)) is not None
    RunDirectory(run).failure.unlink()
    assert before == sorted(Path().rglob("*"))


def test_a_checkpoint_needs_the_best_one(run: Path, t5tune: RunCommand) -> None:
    """Without the best one, the run would end with another model."""
    forget_model()
    steps = {
        step_of(path): (read_manifest(path) or {})["best_step"] for path in CHECKPOINTS.iterdir()
    }
    best = steps[12]
    damage(CHECKPOINTS / f"checkpoint-{best}" / "model.safetensors", "flipped")
    result = t5tune("train", "tiny.yaml", *SETTINGS)
    for step, best_then in steps.items():
        if step > best and best_then == best:
            assert (
                f"checkpoint-{step}: it needs checkpoint-{best}, of which model.saf" in result.err
            )
    assert best < 12, "no checkpoint would need another one"
    if best == min(steps):
        assert result.code == 1
        assert "no checkpoint of this run is complete" in result.err
    else:
        assert result.code == 0


def test_a_damaged_model_is_made_again(run: Path, finished: Path, t5tune: RunCommand) -> None:
    damage(run / "model" / "model.safetensors", "flipped")
    result = t5tune("train", "tiny.yaml", *SETTINGS)
    assert result.code == 0, result.err
    assert "runs/tiny/model: model.safetensors has changed since it was written" in result.err
    assert same_weights(run, finished / run)


@pytest.mark.parametrize("split", ["train", "validation"])
def test_other_data_are_refused(split: str, run: Path, t5tune: RunCommand) -> None:
    forget_model()
    write_pairs(Path(), split, number_pairs(11, 40))
    before = {p: p.stat().st_mtime_ns for p in CHECKPOINTS.rglob("*")}
    result = t5tune("train", "tiny.yaml", *SETTINGS)
    assert result.code == 1
    assert f"error: data.{split}: not what it was when {CHECKPOINTS}/checkpoint-12" in result.err
    assert "--restart" in result.err
    assert before == {p: p.stat().st_mtime_ns for p in CHECKPOINTS.rglob("*")}


def rewrite_manifest(checkpoint: Path, **changes: Any) -> None:
    facts = read_manifest(checkpoint)
    assert facts is not None
    del facts["files"]
    write_manifest(checkpoint, {**facts, **changes})


def test_other_versions_give_a_warning(run: Path, finished: Path, t5tune: RunCommand) -> None:
    forget_model()
    versions = (read_manifest(newest_checkpoint()) or {})["versions"]
    rewrite_manifest(newest_checkpoint(), versions={**versions, "torch": "2.0.0"})
    result = t5tune("train", "tiny.yaml", *SETTINGS)
    assert result.code == 0, result.err
    assert f"when checkpoint-12 was saved: torch 2.0.0 -> {torch.__version__}; " in result.err
    assert same_weights(run, finished / run)


def test_moved_data_are_the_same_data(run: Path, finished: Path, t5tune: RunCommand) -> None:
    forget_model()
    Path("elsewhere").mkdir()
    for path in (Path("train.tsv"), Path("tiny.yaml"), Path("validation.tsv"), Path("test.tsv")):
        path.rename(f"elsewhere/{path.name}")
    result = t5tune("train", "elsewhere/tiny.yaml", *SETTINGS)
    assert result.code == 0, result.err
    assert "recipe: data.train.file " in result.err
    assert same_weights(run, finished / run)


def test_a_damaged_log_costs_only_its_lines(run: Path, finished: Path, t5tune: RunCommand) -> None:
    forget_model()
    shutil.rmtree(CHECKPOINTS / "checkpoint-12")
    log = run / "log.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    bad = [b'{"stgp": 2}\n', b"5\n", b"\xff\n", b'{"step": "x", "elapsed_seconds": 1}\n', b'{"st']
    log.write_bytes(b"".join(lines[:2] + bad))
    result = t5tune("train", "tiny.yaml", *SETTINGS)
    assert result.code == 0, result.err
    assert same_weights(run, finished / run)
    assert read_log(log)[:2] == [json.loads(line) for line in lines[:2]]


def test_more_steps_continue_a_finished_run(run: Path, t5tune: RunCommand) -> None:
    before = load_file(run / "model" / "model.safetensors")
    result = t5tune("train", "tiny.yaml", *SETTINGS[:1], *SETTINGS[2:], "training.max_steps=16")
    assert result.code == 0, result.err
    assert "recipe: " in result.err
    assert "training.max_steps 12 -> 16" in result.err
    assert f"resuming from {CHECKPOINTS}/checkpoint-12" in result.err
    assert [x["step"] for x in read_log(run / "log.jsonl") if "validation" in x][:4] == [
        4,
        8,
        12,
        16,
    ]
    manifest = read_manifest(run / "model")
    assert manifest is not None
    again = t5tune("train", "tiny.yaml", *SETTINGS[:1], *SETTINGS[2:], "training.max_steps=16")
    assert "this run is finished" in again.err
    fewer = t5tune("train", "tiny.yaml", *SETTINGS)
    assert fewer.code == 1
    assert "these keys differ: training.max_steps." in fewer.err
    assert before.keys() == load_file(run / "model" / "model.safetensors").keys()


def test_the_runs_own_recipe_names_the_run(run: Path, t5tune: RunCommand) -> None:
    result = t5tune("train", run / "recipe.yaml", "--output-dir", run)
    assert result.code == 0, result.err
    assert "this run is finished" in result.err


def test_a_run_without_its_record_is_refused(run: Path, t5tune: RunCommand) -> None:
    damage(run / "environment.json", "truncated")
    result = t5tune("train", "tiny.yaml", *SETTINGS)
    assert result.code == 1
    assert "runs/tiny/environment.json is missing or damaged" in result.err


def test_training_that_had_ended_is_not_continued(run: Path, t5tune: RunCommand) -> None:
    """Training had ended at step 12, in the middle of the second epoch."""
    forget_model()
    lines = (run / "log.jsonl").read_text()
    result = t5tune("train", "tiny.yaml", *SETTINGS)
    assert result.code == 0, result.err
    steps = [json.loads(line)["step"] for line in (run / "log.jsonl").read_text().splitlines()]
    assert max(steps) == 12
    assert (run / "log.jsonl").read_text().startswith(lines.rsplit("\n", 2)[0])


def test_early_stopping_continues_counting(tiny_recipe: Path, t5tune: RunCommand) -> None:
    os.chdir(tiny_recipe.parent)
    settings = (
        "training.learning_rate=1e-9", "training.eval_steps=2", "training.max_steps=20",
        "training.early_stopping_patience=3", "training.save_total_limit=9",
    )  # fmt: skip
    assert t5tune("train", "tiny.yaml", *settings).code == 0
    stopped = step_of(newest_checkpoint())
    assert stopped == 8, "best at 2, three more validations"
    for gone in ((), (8,), (8, 6)):
        forget_model()
        for step in gone:
            shutil.rmtree(CHECKPOINTS / f"checkpoint-{step}")
        result = t5tune("train", "tiny.yaml", *settings)
        assert result.code == 0, result.err
        assert step_of(newest_checkpoint()) == stopped, gone


def test_two_processes_in_one_run(run: Path, t5tune: RunCommand) -> None:
    holder = subprocess.Popen(
        [
            sys.executable, "-c",
            "import sys, time; from pathlib import Path\n"
            "from t5tune.run.directory import RunDirectory\n"
            "from t5tune.run.lock import lock_run\n"
            "with lock_run(RunDirectory(Path('runs/tiny'))): print(flush=True); time.sleep(60)",
        ],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    assert holder.stdout is not None
    holder.stdout.readline()
    result = t5tune("train", "tiny.yaml", *SETTINGS)
    assert result.code == 1
    assert (
        f"runs/tiny is in use by process {holder.pid} on {socket.gethostname()} since" in result.err
    )
    holder.kill()
    holder.wait()
    result = t5tune("train", "tiny.yaml", *SETTINGS)
    assert result.code == 0, result.err
    assert f"left behind by process {holder.pid} " in result.err
    assert not (run / "lock").exists()


class Payload:
    """Write a file when unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.write_text, (Path("owned"), "")


@pytest.mark.parametrize("name", ["optimizer.pt", "scheduler.pt", "rng_state.pth"])
def test_a_pickle_that_would_run_is_refused(name: str, run: Path, t5tune: RunCommand) -> None:
    forget_model()
    shutil.rmtree(CHECKPOINTS / "checkpoint-12")
    checkpoint = newest_checkpoint()
    torch.save({"state": Payload()}, checkpoint / name)
    pickle.loads(pickle.dumps(Payload()))
    assert Path("owned").exists(), "the payload works"
    Path("owned").unlink()
    rewrite_manifest(checkpoint)
    result = t5tune("train", "tiny.yaml", *SETTINGS)
    assert result.code == 1
    assert f"error: {checkpoint}: a file holds something other than tensors" in result.err
    assert not Path("owned").exists()


def test_verify_names_what_is_damaged(run: Path, t5tune: RunCommand) -> None:
    result = t5tune("verify", run)
    assert result.code == 0
    assert result.out.count("ok ") == 6
    damage(CHECKPOINTS / "checkpoint-8" / "optimizer.pt", "truncated")
    result = t5tune("verify", run, "--json")
    assert result.code == 1
    problems = {c["path"]: c["problem"] for c in json.loads(result.out)["checks"] if c["problem"]}
    assert list(problems) == [f"{CHECKPOINTS}/checkpoint-8"]
    assert "optimizer.pt has" in problems[f"{CHECKPOINTS}/checkpoint-8"]
    assert f"try: rm -r {CHECKPOINTS}/checkpoint-8" in result.err


def test_verify_compares_a_translation(run: Path, t5tune: RunCommand) -> None:
    """If intact files translate differently, a library or the hardware has changed."""
    facts = read_manifest(run / "model")
    assert facts is not None
    smoke = json.loads((run / "model" / "smoke.json").read_text())
    (run / "model" / "smoke.json").write_text(json.dumps({**smoke, "hypothesis": "acht"}))
    del facts["files"]
    write_manifest(run / "model", facts)
    result = t5tune("verify", run)
    assert result.code == 1
    assert "was translated as 'acht' on cpu when the model was saved, and is" in result.out


def test_verify_of_what_is_not_a_run(
    tmp_path: Path, t5tune: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "nothing is not a run." in t5tune("verify", tmp_path / "nothing").err
    assert "holds neither a checkpoint nor a model" in t5tune("verify", tmp_path).err


def test_a_disk_that_is_too_small_is_refused_before_training(
    small_disk: Path, run: Path, t5tune: RunCommand
) -> None:
    result = t5tune("train", "tiny.yaml", *SETTINGS, "--output-dir", small_disk / "run")
    assert result.code == 1
    assert "the checkpoints and the model of this run need 20." in result.err
    assert "1.0 MB are free: 19." in result.err
    assert list((small_disk / "run").rglob("checkpoint-*")) == []


def test_a_disk_that_fills_leaves_the_last_checkpoint_intact(
    small_disk: Path, run: Path, finished: Path, t5tune: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk has space for two checkpoints of this small model but not for three."""
    monkeypatch.setattr("t5tune.training.checkpoints.disk_space.OTHER_FILES", 0)
    filler = small_disk / "filler"
    filler.write_bytes(bytes(750_000))
    output = ("--output-dir", small_disk / "run")
    result = t5tune("train", "tiny.yaml", *SETTINGS, *output)
    assert result.code == 1, result.err
    assert "Traceback" not in result.err
    message = next(line for line in result.err.splitlines() if line.startswith("error:"))
    assert "disk" in message or "space" in message
    assert "is the last good checkpoint." in message
    checkpoints = list((small_disk / "run" / "checkpoints").iterdir())
    assert checkpoints
    assert all((path / MANIFEST).is_file() for path in checkpoints)
    filler.unlink()
    result = t5tune("train", "tiny.yaml", *SETTINGS, *output)
    assert result.code == 0, result.err
    assert "resuming from" in result.err
    assert same_weights(small_disk / "run", finished / run)


def stress(script: str, folder: Path, *options: str) -> dict[str, Any]:
    command = [sys.executable, "-m", f"tests.stress.{script}", str(folder), *options]
    done = forks.run(command, cwd=REPOSITORY, text=True, check=True, timeout=900)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


@pytest.mark.skipif(not shutil.which("strace"), reason="strace injects the kills")
@pytest.mark.parametrize("every", [25, pytest.param(1, marks=pytest.mark.stress)])
@pytest.mark.timeout(900)
def test_kill_at_every_file_operation_of_a_save(every: int, tmp_path: Path) -> None:
    result = stress("kill_saves", tmp_path, "--every", str(every))
    assert result["points"] > 80
    assert result["tried"] == -(-result["points"] // every)
    assert result["killed"] == result["tried"]
    assert result["calls"]["unlinkat"] > 5, "a checkpoint is thrown away too"
    assert set(result["resumed_from"]) == {"checkpoint-4", "checkpoint-6"}
    assert result["not_what_they_seem"] == []
    assert result["different"] == []


@pytest.mark.parametrize(
    ("name", "times"),
    [
        ("SIGTERM", 2),
        ("SIGKILL", 2),
        pytest.param("SIGTERM", 50, marks=pytest.mark.stress),
        pytest.param("SIGINT", 50, marks=pytest.mark.stress),
        pytest.param("SIGKILL", 50, marks=pytest.mark.stress),
    ],
)
@pytest.mark.timeout(900)
def test_a_signal_at_a_random_time(name: str, times: int, tmp_path: Path) -> None:
    result = stress("random_signals", tmp_path, "--signal", name, "--times", str(times))
    allowed = {"SIGTERM": {"143", "0"}, "SIGINT": {"130", "0"}, "SIGKILL": {"-9", "0"}}
    assert set(result["codes"]) <= allowed[name]
    assert sum(result["codes"].values()) == times
    assert result["different"] == []
    assert result["tracebacks"] == []


def test_a_second_ctrl_c_exits_at_once(tiny_recipe: Path) -> None:
    """The first Ctrl-C would wait for the end of a step that takes seconds."""
    folder = tiny_recipe.parent
    write_pairs(folder, "train", number_pairs(5000))
    command = [
        sys.executable, "-m", "t5tune", "train", "tiny.yaml", "training.tokens_per_batch=40",
        "training.gradient_accumulation_steps=800", "training.max_steps=9",
        "training.eval_steps=1", "training.logging_steps=1",
    ]  # fmt: skip
    process = forks.Fork(
        command, cwd=folder, stderr=subprocess.PIPE, text=True, preexec_fn=listen_to_ctrl_c
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "validation: " in line:
            break
    saved = folder / CHECKPOINTS / "checkpoint-1"
    while not (saved / "manifest.json").exists():
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    assert process.poll() is None, "the step continues"
    begin = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert time.monotonic() - begin < 1.0
    assert process.returncode == 130
    assert "Traceback" not in err
    assert find_damage(saved) is None
    assert not (folder / CHECKPOINTS / "checkpoint-2").exists()


@pytest.mark.parametrize(
    ("command", "examples"),
    [
        ("validate", 120),
        ("train", 40),
        pytest.param("validate", 300, marks=pytest.mark.stress),
        pytest.param("train", 300, marks=pytest.mark.stress),
    ],
)
@pytest.mark.timeout(900)
def test_a_hostile_recipe_is_one_sentence(command: str, examples: int, tmp_path: Path) -> None:
    options = ("--command", command, "--examples", str(examples))
    result = stress("hostile_recipes", tmp_path, *options)
    assert result["wrong"] == []
    assert result["tried"] == examples
    assert result["codes"]["1"] > examples / 2
    assert result["control"] in ("0", "143")  # the unchanged recipe is accepted; 143: too slow


@pytest.mark.timeout(60)
def test_a_data_file_that_never_ends_is_refused(tiny_recipe: Path, t5tune: RunCommand) -> None:
    os.chdir(tiny_recipe.parent)
    os.mkfifo("endless.tsv")
    for name in ("endless.tsv", "/dev/zero"):
        result = t5tune("train", "tiny.yaml", f"data.train.file={name}", "data.train.format=tsv")
        assert result.code == 1
        assert f"data.train.file: {name} is not there" in result.err


def test_links_in_a_run_are_not_followed(
    run: Path, finished: Path, t5tune: RunCommand, tmp_path: Path
) -> None:
    """What links point to does not belong to the run, so it is not deleted."""
    forget_model()
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "manifest.json").write_text("{}")
    shutil.rmtree(CHECKPOINTS / "checkpoint-12")
    for name in ("checkpoint-2", "checkpoint-12", "checkpoint-99", "writing-checkpoint-1"):
        (CHECKPOINTS / name).symlink_to(kept)
    (run / "model").symlink_to(kept)
    result = t5tune("train", "tiny.yaml", *SETTINGS)
    assert result.code == 0, result.err
    assert (kept / "manifest.json").read_text() == "{}"
    assert same_weights(run, finished / run)


def test_code_and_pickles_of_a_model_directory_do_not_run(
    run: Path, t5tune: RunCommand, tmp_path: Path
) -> None:
    shutil.copytree(run / "model", "base")
    Path("base/manifest.json").unlink()
    config = json.loads(Path("base/config.json").read_text())
    hooks = {"AutoConfig": "own.Own", "AutoModelForSeq2SeqLM": "own.Own"}
    Path("base/config.json").write_text(
        json.dumps({**config, "auto_map": hooks, "model_type": "x"})
    )
    Path("base/own.py").write_text("open('owned', 'w')")
    base = ("model.from_scratch=null", "model.name=./base", "--output-dir", "fine-tuned")
    result = t5tune("train", "tiny.yaml", *base)
    assert result.code == 1
    assert "Traceback" not in result.err
    Path("base/config.json").write_text(json.dumps(config))
    Path("base/model.safetensors").unlink()
    torch.save({"shared.weight": Payload()}, "base/pytorch_model.bin")
    result = t5tune("train", "tiny.yaml", *base)
    assert result.code == 1
    assert "Traceback" not in result.err
    assert "its weights are only in a pickle" in result.err
    result = t5tune("train", "tiny.yaml", *base, "model.allow_pickle=true")
    assert result.code == 1
    assert "Traceback" not in result.err
    assert "the model in this directory could not be loaded" in result.err
    assert not Path("owned").exists()


def test_a_signal_in_a_validation_does_not_wait_for_it(
    tiny_recipe: Path, t5tune: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run stops within a batch, and validates that checkpoint first when it resumes."""
    os.chdir(tiny_recipe.parent)
    write_pairs(Path(), "validation", number_pairs(60, 200))
    settings = (
        "training.max_steps=12", "training.eval_steps=4", "training.logging_steps=3",
        "decoding.max_new_tokens=10", "decoding.tokens_per_batch=40",
        "training.early_stopping_patience=2", "training.learning_rate=1e-9",
    )  # fmt: skip
    translate_batch, validate = TorchTranslator._translate_batch, T5TuneTrainer.evaluate
    num_batches: Counter[int] = Counter()  # of the validation after each step

    def stop_in_validation(interrupted_step: int | None) -> None:
        """Have a signal come while the second batch of a validation is translated."""
        step: int | None = None
        num_batches.clear()

        def note_step(trainer: T5TuneTrainer, *arguments: Any, **keywords: Any) -> Any:
            nonlocal step
            step = trainer.state.global_step
            try:
                return validate(trainer, *arguments, **keywords)
            finally:
                step = None

        def signal_in_second_batch(*arguments: Any, **keywords: Any) -> Any:
            if step is not None:
                num_batches[step] += 1
                if step == interrupted_step and num_batches[step] == 2:
                    os.kill(os.getpid(), signal.SIGTERM)
            return translate_batch(*arguments, **keywords)

        monkeypatch.setattr(T5TuneTrainer, "evaluate", note_step)
        monkeypatch.setattr(TorchTranslator, "_translate_batch", signal_in_second_batch)

    stop_in_validation(None)
    assert t5tune("train", "tiny.yaml", *settings, "--output-dir", "whole").code == 0
    assert num_batches[4] == num_batches[8] == num_batches[12] > 5
    for step in (8, 12):
        stop_in_validation(step)
        result = t5tune("train", "tiny.yaml", *settings, "--output-dir", "cut")
        assert result.code == 143, result.err
        assert num_batches[step] <= 3  # the Trainer may begin a validation of the last step again
        manifest = read_manifest(Path(f"cut/checkpoints/checkpoint-{step}"))
        assert manifest is not None
        assert manifest["validation_pending"] is True
    stop_in_validation(None)
    result = t5tune("train", "tiny.yaml", *settings, "--output-dir", "cut")
    assert result.code == 0, result.err
    assert same_weights(Path("cut"), Path("whole"))
    logs = [
        [{k: v for k, v in line.items() if "second" not in k} for line in read_log(f / "log.jsonl")]
        for f in (Path("cut"), Path("whole"))
    ]
    assert logs[0] == logs[1]
    states = [
        json.loads((newest_of(f) / "trainer_state.json").read_text()) for f in ("cut", "whole")
    ]
    for state in states:  # durations differ
        del state["stateful_callbacks"]["JsonLog"]
        del state["stateful_callbacks"]["log_window"]["seconds"]
    assert states[0] == states[1]


def newest_of(run: str) -> Path:
    return max(Path(run, "checkpoints").iterdir(), key=step_of)


def test_a_nan_in_a_step_costs_nothing_that_was_saved(
    tiny_recipe: Path, finished: Path, t5tune: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the NaN, which a faulty GPU may produce, the same command continues."""
    os.chdir(tiny_recipe.parent)
    compute_loss = T5TuneTrainer.compute_loss

    def inject(self: T5TuneTrainer, *args: Any, **keywords: Any) -> Any:
        loss = compute_loss(self, *args, **keywords)
        return loss * float("nan") if self.state.global_step == 6 else loss

    with monkeypatch.context() as patch:
        patch.setattr(T5TuneTrainer, "compute_loss", inject)
        result = t5tune("train", "tiny.yaml", *SETTINGS)
    assert result.code == 1
    assert (
        f"training diverged: the loss is nan at step 7; {CHECKPOINTS}/checkpoint-4 is the last "
        "good checkpoint." in result.err
    )
    assert [path.name for path in CHECKPOINTS.iterdir()] == ["checkpoint-4"]
    assert t5tune("train", "tiny.yaml", *SETTINGS).code == 0
    assert same_weights(Path("runs/tiny"), finished / "runs/tiny")
