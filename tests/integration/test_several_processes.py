"""Test two processes: same numbers as one, one voice, a common end. No wait exceeds 120 s."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch
import yaml
from safetensors.torch import load_file

from tests import forks
from tests.conftest import TINY, RunCommand, listen_to_ctrl_c, number_pairs, write_pairs
from tests.integration.test_model_families import save_tiny_model
from tests.weights import same_weights, weights

SECONDS = 120  # a hang is a failure
T5TUNE = (sys.executable, "-m", "t5tune")
TWO = ("--num-processes", "2")
# With dropout, and long enough for a signal to come between two steps.
LONG = (
    "training.max_steps=45", "training.eval_steps=15", "training.logging_steps=1", "export=none",
)  # fmt: skip

MIXTURE = "data.train=[{file: train.tsv, weight: 1}, {file: test.tsv, weight: 2}]"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a recipe whose validation and test sets have 37 examples each."""
    folder = tmp_path_factory.mktemp("data")
    write_pairs(folder, "train", number_pairs(150))
    write_pairs(folder, "validation", number_pairs(37, 200))
    write_pairs(folder, "test", number_pairs(37, 300))
    recipe = {**TINY, "decoding": {"num_beams": 2, "tokens_per_batch": 60}}
    (folder / "tiny.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")
    return folder


@pytest.fixture
def folder(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copy the data into the current directory."""
    shutil.copytree(data, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def uninterrupted(data: Path) -> Path:
    """Return a run of two processes with dropout, without interruption."""
    run = data / "uninterrupted"
    done = finish(start(data, "train", "tiny.yaml", *LONG, *TWO, "--output-dir", str(run)))
    assert done.returncode == 0, done.stderr
    return run


def start(
    folder: Path,
    *arguments: str,
    command: tuple[str, ...] = T5TUNE,
    environment: dict[str, str] | None = None,
) -> subprocess.Popen[str]:
    """Start a command in its own process group, whose members can be counted."""
    return forks.Fork(
        [*command, *arguments],
        cwd=folder,
        env={**os.environ, **(environment or {})},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=listen_to_ctrl_c,
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    """Wait for the end, and require that no process of the group remains."""
    try:
        out, err = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        pytest.fail(f"hung:\n{err}")
    left = list(members(process.pid))
    for member in left:
        member.kill()
    assert not left, f"left behind: {left}"
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def members(group: int) -> Iterator[psutil.Process]:
    """Return the living processes of a group."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                yield process


def wait_for_step(process: subprocess.Popen[str], step: int) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith(f"step {step}/"):
            return
    pytest.fail("ended before that step")


def worker(process: subprocess.Popen[str], rank: int) -> psutil.Process:
    """Return the process of a rank; the launcher starts them in this order."""
    workers = sorted(psutil.Process(process.pid).children(), key=lambda child: child.pid)
    assert len(workers) == 2
    return workers[rank]


def read_lines(run: Path, key: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [line for line in lines if key in line]


@pytest.mark.parametrize(
    "batches",
    [
        # Steps of three batches on two processes; the last step of an epoch has one batch.
        ("training.tokens_per_batch=200", "training.gradient_accumulation_steps=3", MIXTURE),
        # Every batch is split.
        ("training.tokens_per_batch=null", "training.per_device_train_batch_size=7"),
    ],
    ids=["three budgets a step, of a mixture", "one batch of seven a step"],
)
def test_training_is_that_of_one_process(
    batches: tuple[str, ...], folder: Path, t5tune: RunCommand
) -> None:
    settings = (
        "model.config.dropout_rate=0.0", "training.max_steps=12", "training.eval_steps=6",
        "training.logging_steps=4", *batches,
    )  # fmt: skip
    one = t5tune("train", "tiny.yaml", *settings, "--output-dir", "one")
    assert one.code == 0, one.err
    if "tokens_per_batch=null" not in batches[0]:
        command = ("train", "tiny.yaml", *settings, "--output-dir", "two")
        two = finish(start(folder, *command, *TWO))
    else:  # two machines with one process each, which may have different directories
        address = ("--num-machines", "2", "--main-process", f"127.0.0.1:{free_port()}")
        command = ("train", "tiny.yaml", *settings, *address)
        other = start(folder, *command, "--machine-rank", "1", "--output-dir", "elsewhere")
        two = finish(start(folder, *command, "--output-dir", "two"))
        assert finish(other).returncode == 0
        assert not Path("elsewhere").exists()
    assert two.returncode == 0, two.stderr
    assert two.stdout.splitlines()[0].split()[0] == "BLEU"
    assert two.stderr.count("step 4/12") == 1, "one process speaks"
    for a, b in zip(read_lines(Path("one"), "loss"), read_lines(Path("two"), "loss"), strict=True):
        assert b["loss"] == pytest.approx(a["loss"], rel=1e-5)
        assert b["grad_norm"] == pytest.approx(a["grad_norm"], rel=1e-4)
        assert b["learning_rate"] == a["learning_rate"]
    for step in (6, 12):
        name = f"checkpoints/checkpoint-{step}/model.safetensors"
        a, b = load_file(Path("one") / name), load_file(Path("two") / name)
        for key, weight in a.items():
            torch.testing.assert_close(b[key], weight, rtol=1e-4, atol=1e-5)


def test_layers_that_are_dropped_at_random(folder: Path) -> None:
    """With NLLB's layer dropout, a weight may have a gradient in only one of the processes."""
    model = save_tiny_model("nllb", folder / "nllb")
    settings = (
        "model.from_scratch=null", f"model.name={model}", "model.config.encoder_layerdrop=0.5",
        "training.eval_steps=8", "training.gradient_accumulation_steps=3", "export=none",
    )  # fmt: skip
    done = finish(start(folder, "train", "tiny.yaml", *settings, *TWO))
    assert done.returncode == 0, done.stderr
    divided = ("training.sharding=fsdp", "--output-dir", "divided")
    done = finish(start(folder, "train", "tiny.yaml", *settings, *divided, *TWO))
    assert done.returncode == 1
    assert "leaves out layers at random" in done.stderr
    assert done.stderr.count("error: ") == 1


def test_evaluation_is_that_of_one_process(
    uninterrupted: Path, folder: Path, t5tune: RunCommand
) -> None:
    """37 examples cannot be divided evenly among two processes."""
    one = t5tune("eval", uninterrupted, "--output-dir", "one", "--json")
    assert one.code == 0, one.err
    arguments = ("eval", str(uninterrupted), "--output-dir", "two", "--json", *TWO)
    two = finish(start(folder, *arguments))
    assert two.returncode == 0, two.stderr
    assert json.loads(two.stdout)["num_examples"] == 37
    for name in ("report.json", "hypotheses.txt"):
        assert Path("two", name).read_text() == Path("one", name).read_text()
    # So is the report at the end of training, also by two processes.
    assert (uninterrupted / "eval/test/hypotheses.txt").read_text() == Path(
        "one/hypotheses.txt"
    ).read_text()
    assert {line["step"] for line in read_lines(uninterrupted, "validation")} == {15, 30, 45}


def test_sharded_weights_train_like_full_ones_and_resume_in_one_process(folder: Path) -> None:
    exact = (
        "model.config.dropout_rate=0.0", "training.logging_steps=1", "training.eval_steps=4",
        "training.lr_scheduler_type=constant", "training.warmup_steps=0", "export=none",
    )  # fmt: skip
    sharded = (*exact, "training.sharding=fsdp", "training.max_steps=4", *TWO)
    done = finish(start(folder, "train", "tiny.yaml", *sharded, "--output-dir", "run"))
    assert done.returncode == 0, done.stderr
    assert "sharding: fsdp, 2 processes; this one holds" in done.stderr
    for run in ("run", "whole"):
        whole = (*exact, "training.max_steps=8", "--output-dir", run)
        done = finish(start(folder, "train", "tiny.yaml", *whole))
        assert done.returncode == 0, done.stderr
        assert ("resuming from run/checkpoints/checkpoint-4" in done.stderr) == (run == "run")
    one, two = (read_lines(Path(run), "loss") for run in ("whole", "run"))
    assert [line["step"] for line in two] == list(range(1, 9))
    assert [line["loss"] for line in two] == pytest.approx([line["loss"] for line in one], rel=1e-4)


def test_sharding_in_one_process_is_an_error(folder: Path, t5tune: RunCommand) -> None:
    result = t5tune("train", "tiny.yaml", "training.sharding=fsdp")
    assert result.code == 1
    assert "shards the weights across several processes, but this is the only one" in result.err
    assert "try: t5tune train RECIPE --num-processes 2" in result.err


def test_signals_save_once_and_two_processes_resume_to_the_same_weights(
    uninterrupted: Path, folder: Path, t5tune: RunCommand
) -> None:
    run = Path("stopped")
    command = ("train", "tiny.yaml", *LONG, *TWO, "--output-dir", str(run))
    for number, step in ((signal.SIGTERM, 5), (signal.SIGINT, 20)):
        process = start(folder, *command)
        wait_for_step(process, step)
        process.send_signal(number)
        done = finish(process)
        assert done.returncode == 128 + number, done.stderr
        assert done.stderr.count("stopped; a checkpoint is saved") == 1
        assert done.stderr.endswith(
            "\ntry: t5tune train ./stopped --num-processes 2   # continues\n"
        )
        assert "Traceback" not in done.stderr
        newest = max(int(p.name.split("-")[1]) for p in (run / "checkpoints").iterdir())
        assert step <= newest < 45
        if number == signal.SIGTERM:
            shutil.copytree(run, "one")
    files = {p.name for p in (run / f"checkpoints/checkpoint-{newest}").iterdir()}
    assert {"rng_state_0.pth", "rng_state_1.pth"} <= files
    done = finish(start(folder, "train", "./stopped", *TWO))  # as printed
    assert done.returncode == 0, done.stderr
    assert same_weights(run, uninterrupted)

    # From the same checkpoint in one process: the same steps with other dropout.
    one = t5tune("train", "tiny.yaml", *LONG, "--output-dir", "one")
    assert one.code == 0, one.err
    assert one.err.count("random numbers: saved by 2 processes and continued by 1") == 1
    assert [line["step"] for line in read_lines(Path("one"), "loss")] == list(range(1, 46))
    assert weights(Path("one")).keys() == weights(uninterrupted).keys()


def test_a_second_ctrl_c_exits_at_once(folder: Path) -> None:
    endless = (*LONG, "training.max_steps=1000000", "training.eval_steps=1000000")
    process = start(folder, "train", "tiny.yaml", *endless, *TWO)
    wait_for_step(process, 3)
    worker(process, 1).suspend()  # so that the step cannot end
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    assert finish(process).returncode == 130
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("other_hangs", [False, True])
def test_a_killed_process_ends_the_others_and_is_named(other_hangs: bool, folder: Path) -> None:
    process = start(folder, "train", "tiny.yaml", *LONG, "training.max_steps=100000", *TWO)
    wait_for_step(process, 5)
    victim = worker(process, 1)
    if other_hangs:
        worker(process, 0).suspend()
    victim.kill()
    began = time.monotonic()
    done = finish(process)
    assert time.monotonic() - began < 10
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    errors = [line for line in done.stderr.splitlines() if not line.startswith("step ")]
    assert errors[0] == "the process of rank 1 failed, and the others were ended:", errors
    assert f"process {victim.pid} was ended by SIGKILL" in errors[1]


def test_a_killed_launcher_leaves_no_process(folder: Path) -> None:
    process = start(folder, "train", "tiny.yaml", *LONG, "training.max_steps=100000", *TWO)
    wait_for_step(process, 5)
    process.kill()
    process.communicate(timeout=SECONDS)
    end = time.monotonic() + 5
    while list(members(process.pid)) and time.monotonic() < end:
        time.sleep(0.1)
    finish(process)


def fail_with(error: str, folder: Path, *settings: str) -> subprocess.CompletedProcess[str]:
    """Train with an error in one process."""
    failing = str(Path(__file__).parent / "failing_rank")
    paths = os.pathsep.join([failing, os.environ.get("PYTHONPATH", "")])
    environment = {"PYTHONPATH": paths, "FAIL_WITH": error}
    return finish(
        start(folder, "train", "tiny.yaml", *LONG, *settings, *TWO, environment=environment)
    )


def test_lack_of_memory_in_one_process_is_one_sentence(folder: Path) -> None:
    done = fail_with("MemoryError", folder)
    assert done.returncode == 1
    assert "error: out of memory at step 5 in the process of rank 1" in done.stderr
    assert "training.tokens_per_batch" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_nan_loss_in_one_process_ends_all_alike(folder: Path) -> None:
    done = fail_with("nan", folder)
    assert done.returncode == 1
    assert done.stderr.count("training diverged: the loss is nan at step 5") == 1, done.stderr
    assert "the process of rank" not in done.stderr
    assert max(line["step"] for line in read_lines(Path("runs/tiny"), "loss")) == 4


def test_a_nan_in_the_weights_of_one_process_ends_all_alike(folder: Path) -> None:
    """Only one of them holds the shard."""
    done = fail_with(
        "weights", folder, "training.sharding=fsdp", "training.max_steps=2", "training.eval_steps=2"
    )
    assert done.returncode == 1
    message = "training diverged: the norm of the weights is nan after step 2; no checkpoint"
    assert done.stderr.count(message) == 1, done.stderr
    assert "the process of rank" not in done.stderr
    assert not list(Path("runs/tiny").glob("checkpoints/*"))
    assert not Path("runs/tiny/model").exists()


def test_time_memory_and_patience_are_agreed_on(folder: Path) -> None:
    """Each process alone would see a different time and different memory."""
    settings = (
        "training.max_minutes=0.03", "training.max_steps=100000", "training.eval_steps=100000",
        "training.early_stopping_patience=1", "training.tokens_per_batch=auto",
        "training.tokens_per_step=400", "training.warmup_steps=5", "training.ema_decay=0.9",
        "export=none",
    )  # fmt: skip
    done = finish(start(folder, "train", "tiny.yaml", *settings, *TWO))
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("memory: batches of 400 tokens fit") == 1
    (validation, _) = read_lines(Path("runs/tiny"), "validation")  # and that of the average
    assert 1.8 <= validation["elapsed_seconds"] < 10


def test_the_error_of_one_process_comes_first(folder: Path) -> None:
    done = fail_with("RuntimeError", folder)
    assert done.returncode == 1
    errors = done.stderr[done.stderr.index("the process of rank 1 failed") :]
    assert errors.count("Traceback") == 1
    assert "RuntimeError: injected into rank 1" in errors
    before = done.stderr.removesuffix(errors)
    assert "Traceback" not in before, "nothing of what followed from it"
    assert "a library's warning in rank 1" not in before
    assert errors.index("injected into rank 1") < errors.index("a library's warning in rank 1")


def test_a_mistake_is_one_sentence(folder: Path) -> None:
    """The main process finds it, after the processes have started."""
    Path("train.tsv").write_text("en\tde\n", encoding="utf-8")
    done = finish(start(folder, "train", "tiny.yaml", *TWO))
    assert done.returncode == 1
    assert done.stderr.count("error: ") == 1, done.stderr
    assert "Traceback" not in done.stderr


def test_torchrun_and_accelerate_and_slurm_train_the_same(
    uninterrupted: Path, folder: Path
) -> None:
    (folder / "accelerate.yaml").write_text(
        "compute_environment: LOCAL_MACHINE\ndistributed_type: MULTI_GPU\nnum_machines: 1\n"
        "machine_rank: 0\nmixed_precision: bf16\nrdzv_backend: static\nsame_network: true\n"
        f"num_processes: 2\nmain_process_port: {free_port()}\n"
    )
    # What the commands `torchrun` and `accelerate` run.
    torchrun = ("torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    accelerate = (
        "accelerate.commands.accelerate_cli", "launch", "--config_file", "accelerate.yaml",
    )  # fmt: skip
    for launch in (torchrun, accelerate):
        name = launch[0].partition(".")[0]
        command = (sys.executable, "-m", *launch, "-m", "t5tune")
        arguments = ("train", "tiny.yaml", *LONG, "--output-dir", name)
        done = finish(start(folder, *arguments, command=command))
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("BLEU ") == 1
        assert same_weights(folder / name, uninterrupted)
    assert "ACCELERATE_MIXED_PRECISION=bf16 of Accelerate's configuration is ignored" in (
        done.stderr
    )

    job = str(free_port() - 20_000)
    slurm = {"SLURM_NTASKS": "2", "SLURM_NODELIST": "localhost,gpu[07-09]", "SLURM_JOB_ID": job}
    tasks = [
        start(
            folder, "train", "tiny.yaml", *LONG, "--output-dir", "slurm",
            environment={
                **slurm, "SLURM_STEP_ID": "0", "SLURM_PROCID": rank, "SLURM_LOCALID": rank
            },
        )
        for rank in ("0", "1")
    ]  # fmt: skip
    first, second = map(finish, tasks)
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert (second.stdout, second.stderr) == ("", "")
    assert same_weights(folder / "slurm", uninterrupted)


def test_waiting_for_the_first_process_has_no_timeout(folder: Path) -> None:
    command = (sys.executable, "-m", "tests.integration.waiting")
    address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "WORLD_SIZE": "2"}
    both = [start(folder, command=command, environment={**address, "RANK": rank}) for rank in "01"]
    for done in map(finish, both):
        assert (done.returncode, done.stdout) == (0, "ready\n"), done.stderr


def free_port() -> int:
    """Return a free port between 20000 and 39999, the range derived from Slurm job ids."""
    for port in range(20_000 + os.getpid() % 10_000, 40_000):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("", port))
            return port
    raise AssertionError("no free port")
