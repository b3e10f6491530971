"""Test `t5tune train` on a tiny model: its files, resuming, and refusing."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import huggingface_hub
import pytest
import torch
import yaml
from safetensors.torch import load_file
from transformers import (
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    BartConfig,
    BartForConditionalGeneration,
    ByT5Tokenizer,
)

from t5tune.recipe.loading import load_recipe
from tests import forks
from tests.conftest import RunCommand, TrainOnce, listen_to_ctrl_c, number_pairs, write_pairs
from tests.weights import same_weights, weights

CHECKPOINT_FILES = {
    "config.json",
    "generation_config.json",
    "manifest.json",
    "model.safetensors",
    "optimizer.pt",
    "rng_state.pth",
    "scheduler.pt",
    "tokenizer.json",
    "tokenizer_config.json",
    "trainer_state.json",
}


@pytest.fixture(autouse=True)
def _in_temporary_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def trained_recipe(train_once: TrainOnce, tmp_path: Path) -> Path:
    """Return a recipe beside a copy of its finished run."""
    shutil.copytree(train_once(), tmp_path, dirs_exist_ok=True)
    return tmp_path / "tiny.yaml"


def test_a_run_leaves_the_files_of_the_design(t5tune: RunCommand, tiny_recipe: Path) -> None:
    result = t5tune("train", tiny_recipe)
    assert result.code == 0, result.err
    run = Path("runs/tiny")
    assert {path.name for path in run.iterdir()} == {
        "cache",
        "checkpoints",
        "ctranslate2-int8",
        "environment.json",
        "eval",
        "log.jsonl",
        "model",
        "recipe.yaml",
        "tensorboard",
    }
    assert {path.name for path in (run / "checkpoints").iterdir()} == {
        "checkpoint-4",
        "checkpoint-8",
    }
    assert {p.name for p in (run / "checkpoints" / "checkpoint-8").iterdir()} == CHECKPOINT_FILES
    assert {p.name for p in (run / "eval" / "test").iterdir()} == {
        "alignments.json",
        "examples.jsonl",
        "hypotheses.txt",
        "report.html",
        "report.json",
        "report.md",
    }
    assert len((run / "eval/test/hypotheses.txt").read_text().split("\n")) == 13 + 1
    assert list((run / "tensorboard").glob("events.*"))
    # Scores go to stdout, everything else to stderr.
    assert result.out.startswith("BLEU ")
    assert "validation: BLEU" in result.err
    assert '\nchosen: prefix "", ' in result.err


def test_the_saved_model_needs_no_t5tune(train_once: TrainOnce) -> None:
    saved = train_once() / "runs/tiny/model"
    model = AutoModelForSeq2SeqLM.from_pretrained(saved)
    tokenizer = AutoTokenizer.from_pretrained(saved)
    assert model.generation_config.max_new_tokens > 4
    assert model.generation_config.num_beams == 2
    assert model.generate(**tokenizer("one two", return_tensors="pt")).shape[0] == 1


def test_whoever_reads_the_run_reads_its_weights(train_once: TrainOnce) -> None:
    """A container or a service has a user of its own."""
    directories = [path.parent for path in (train_once() / "runs/tiny").rglob("manifest.json")]
    assert len(directories) >= 2
    for directory in directories:
        readers = directory.stat().st_mode & 0o044
        for path in directory.iterdir():
            assert path.stat().st_mode & 0o044 == readers, path


def test_the_resolved_recipe_trains_the_same_run(t5tune: RunCommand, train_once: TrainOnce) -> None:
    run = train_once() / "runs/tiny"
    resolved = yaml.safe_load((run / "recipe.yaml").read_text())
    assert resolved["training"]["optim"] == "adafactor"
    assert resolved["training"]["learning_rate"] == 2e-2
    assert resolved["evaluation"]["metrics"] == ["bleu", "chrf"]
    assert resolved["decoding"]["max_new_tokens"] > 4
    assert t5tune("train", run / "recipe.yaml", "--output-dir", "again").code == 0
    assert same_weights(run, Path("again"))


def test_the_log_has_a_line_for_each_logged_step_and_validation(train_once: TrainOnce) -> None:
    log = train_once() / "runs/tiny/log.jsonl"
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    steps = [line for line in lines if "loss" in line]
    assert [line["step"] for line in steps] == [2, 4, 6, 8]
    assert set(steps[0]) == {
        "step", "epoch", "elapsed_seconds", "loss", "grad_norm", "learning_rate",
        "real_tokens_per_second", "real_token_share",
    }  # fmt: skip
    assert all(0.5 < line["real_token_share"] <= 1 for line in steps)
    assert all(line["real_tokens_per_second"] > 0 for line in steps)
    validations = [line for line in lines if "validation" in line]
    assert [line["step"] for line in validations] == [4, 8]
    assert set(validations[0]["validation"]) == {"BLEU", "chrF2++"}


def test_a_seed_gives_the_same_run_twice_and_another_seed_another(
    t5tune: RunCommand, tiny_recipe: Path, train_once: TrainOnce
) -> None:
    first = train_once() / "runs/tiny"
    seed = load_recipe(first / "recipe.yaml").training.seed
    for name, own in (("same", seed), ("other", seed + 1)):
        assert t5tune("train", tiny_recipe, f"training.seed={own}", "--output-dir", name).code == 0
    assert same_weights(Path("same"), first)
    assert not same_weights(Path("other"), first)


def test_processes_with_two_threads_train_the_same(tiny_recipe: Path) -> None:
    """The tokenizer is trained, and matrices are large enough for two threads."""
    settings = (
        "model.from_scratch.tokenizer={type: unigram, vocab_size: 45}",
        "model.from_scratch.d_model=128", "model.from_scratch.d_ff=512",
        "training.tokens_per_batch=1000",
    )  # fmt: skip
    two_threads = "import torch; torch.set_num_threads(2)"
    Path("sitecustomize.py").write_text(two_threads, encoding="utf-8")
    for name in ("a", "b"):
        command = [sys.executable, "-m", "t5tune", "train", str(tiny_recipe), *settings]
        # A cache of its own, from which it does not take what the other one has learned.
        environment = {"PYTHONPATH": str(Path.cwd()), "T5TUNE_CACHE": str(Path(f"cache-{name}"))}
        forks.run(
            [*command, "--output-dir", name], env=os.environ | environment, text=True, check=True
        )
    assert same_weights(Path("a"), Path("b"))


def test_validating_more_often_does_not_change_what_is_trained(
    t5tune: RunCommand, tiny_recipe: Path, train_once: TrainOnce
) -> None:
    more_often = ("training.eval_steps=2", "training.save_total_limit=9")
    assert t5tune("train", tiny_recipe, *more_often).code == 0
    a, b = (
        load_file(folder / "runs/tiny/checkpoints/checkpoint-8/model.safetensors")
        for folder in (train_once(), Path())
    )
    assert all(torch.equal(a[key], b[key]) for key in a)


def test_a_finished_run_says_so_and_is_left_alone(t5tune: RunCommand, trained_recipe: Path) -> None:
    before = {p: p.stat().st_mtime_ns for p in Path("runs").rglob("*") if p.is_file()}
    result = t5tune("train", trained_recipe)
    assert result.code == 0
    assert "this run is finished: runs/tiny" in result.err
    assert before == {p: p.stat().st_mtime_ns for p in Path("runs").rglob("*") if p.is_file()}


def test_a_run_cut_off_after_its_last_checkpoint_is_completed(
    t5tune: RunCommand, trained_recipe: Path
) -> None:
    expected = weights(Path("runs/tiny"))
    shutil.rmtree("runs/tiny/model")
    shutil.rmtree("runs/tiny/eval")
    result = t5tune("train", trained_recipe)
    assert result.code == 0, result.err
    assert "resuming from runs/tiny/checkpoints/checkpoint-8" in result.err
    assert all(torch.equal(expected[k], v) for k, v in weights(Path("runs/tiny")).items())
    assert Path("runs/tiny/eval/test/report.json").is_file()


def test_another_recipe_is_refused_with_the_keys_that_differ(
    t5tune: RunCommand, trained_recipe: Path
) -> None:
    result = t5tune("train", trained_recipe, "training.learning_rate=0.5")
    assert result.code == 1
    assert result.err.startswith(
        "error: runs/tiny holds the run of another recipe; these keys differ: "
        "training.learning_rate."
    )
    assert "--restart" in result.err
    assert "Traceback" not in result.err
    restarted = t5tune("train", trained_recipe, "training.learning_rate=0.5", "--restart")
    assert restarted.code == 0, restarted.err
    assert (Path("runs/tiny-2") / "model" / "config.json").is_file()


def test_a_run_that_never_trained_gives_way_to_a_corrected_recipe(
    t5tune: RunCommand, tiny_recipe: Path
) -> None:
    assert t5tune("train", tiny_recipe, "model.config.no_such_field=1").code == 1
    assert t5tune("train", tiny_recipe, "training.extra.no_such_field=1").code == 1
    assert t5tune("train", tiny_recipe, "model.from_scratch.tokenizer.type=bytes").code == 0
    assert len(AutoTokenizer.from_pretrained("runs/tiny/model")) == 259


def test_a_directory_with_other_files_is_refused(t5tune: RunCommand, tiny_recipe: Path) -> None:
    Path("thesis").mkdir()
    Path("thesis/chapter1.tex").write_text("…")
    result = t5tune("train", tiny_recipe, "--output-dir", "thesis")
    assert result.code == 1
    assert "thesis holds files but is not a run" in result.err
    assert [p.name for p in Path("thesis").iterdir()] == ["chapter1.tex"]


def start(recipe: Path, *arguments: str) -> subprocess.Popen[str]:
    return forks.Fork(
        [sys.executable, "-m", "t5tune", "train", str(recipe), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=listen_to_ctrl_c,
    )


def wait_for_step(process: subprocess.Popen[str], step: int) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("step ") and int(line.split()[1].split("/")[0].replace(",", "")) >= step:
            return
    raise AssertionError("training ended before the signal")


def wait_for_checkpoints(process: subprocess.Popen[str], *steps: int) -> None:
    """Wait for checkpoints, whose saving continues during later steps."""
    manifests = [Path(f"runs/tiny/checkpoints/checkpoint-{step}/manifest.json") for step in steps]
    while not all(manifest.exists() for manifest in manifests):
        assert process.poll() is None, "training ended before these checkpoints were whole"
        time.sleep(0.005)


def test_what_the_clock_decided_is_decided_again(t5tune: RunCommand, tiny_recipe: Path) -> None:
    """A run with a time budget, killed between two checkpoints, trains the same steps again."""
    arguments = [
        "training.max_minutes=0.1", "training.max_steps=100000", "training.eval_steps=20",
        "training.logging_steps=1", "training.warmup_steps=1",
        "evaluation.max_validation_examples=2",
    ]  # fmt: skip
    process = start(tiny_recipe, *arguments)
    wait_for_checkpoints(process, 20)
    wait_for_step(process, 35)
    process.kill()
    process.communicate(timeout=60)
    run = Path("runs/tiny")

    def losses_and_rates() -> dict[int, tuple[float, float]]:
        lines = map(json.loads, (run / "log.jsonl").read_text().splitlines())
        return {
            line["step"]: (line["loss"], line["learning_rate"]) for line in lines if "loss" in line
        }

    before = losses_and_rates()
    resumed_from = max(int(p.name.split("-")[1]) for p in (run / "checkpoints").glob("check*"))
    assert max(before) > resumed_from
    wait_for_the_next_second(run / "tensorboard")
    result = t5tune("train", tiny_recipe, *arguments)
    assert result.code == 0, result.err
    after = losses_and_rates()
    assert {step: after[step] for step in before} == before
    shown = read_scalars(run / "tensorboard")["train/loss"]
    assert [step for step, _ in shown] == sorted(after), "TensorBoard shows each step once"
    assert after[max(after)][1] < before[max(before)][1] / 2  # and the schedule ended in time


def wait_for_the_next_second(folder: Path) -> None:
    """TensorBoard reads its files in the order of their names: start time in seconds, process."""
    while int(time.time()) <= max(int(path.name.split(".")[3]) for path in folder.iterdir()):
        time.sleep(0.05)


# Accumulation and dropout are on, and the stop falls between two validations, mid-epoch.
INTERRUPTED = (
    "training.max_steps=40", "training.eval_steps=20", "training.logging_steps=7",
    "training.gradient_accumulation_steps=2", "training.ema_decay=0.9",
)  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_and_the_same_command_continues_to_the_same_weights(
    number: signal.Signals, t5tune: RunCommand, tiny_recipe: Path, train_once: TrainOnce
) -> None:
    process = start(tiny_recipe, *INTERRUPTED, "--output-dir", "interrupted")
    wait_for_step(process, 7)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number, err
    assert "a checkpoint is saved" in err
    assert "Traceback" not in err
    assert not Path("interrupted/model").exists()

    wait_for_the_next_second(Path("interrupted/tensorboard"))
    resumed = t5tune("train", tiny_recipe, *INTERRUPTED, "--output-dir", "interrupted")
    assert resumed.code == 0, resumed.err
    assert "resuming from interrupted/checkpoints/checkpoint-" in resumed.err
    runs = (Path("interrupted"), train_once(*INTERRUPTED) / "runs/tiny")
    assert same_weights(*runs)
    averages = [load_file(run / "checkpoints/checkpoint-40/ema.safetensors") for run in runs]
    assert all(torch.equal(averages[0][name], averages[1][name]) for name in averages[1])
    logs = [
        [
            {k: v for k, v in json.loads(line).items() if "second" not in k}
            for line in Path(run, "log.jsonl").read_text().splitlines()
        ]
        for run in runs
    ]
    assert logs[0] == logs[1]
    assert read_scalars(runs[0] / "tensorboard") == read_scalars(runs[1] / "tensorboard")


def read_scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Return what TensorBoard shows, by name, without times and speeds."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder))
    events.Reload()
    names = events.Tags()["scalars"]
    kept = [n for n in names if not n.endswith(("_second", "_runtime"))]
    return {name: [(event.step, event.value) for event in events.Scalars(name)] for name in kept}


@pytest.mark.parametrize(
    ("arguments", "run", "command"),
    [
        (["--restart"], "runs/tiny-2", "t5tune train runs/tiny-2"),
        (["--output-dir", "it's mine"], "it's mine", """t5tune train './it'"'"'s mine' --json"""),
    ],
)
def test_the_printed_command_continues_that_very_run(
    arguments: list[str], run: str, command: str, t5tune: RunCommand, tiny_recipe: Path
) -> None:
    write_tiny_environment(tiny_recipe, Path("runs/tiny"))
    before = sorted(Path("runs/tiny").rglob("*"))
    changes = ["training.max_steps=40", "training.eval_steps=20", "training.logging_steps=1"]
    json_option = ["--json"] * ("--json" in command)
    process = start(tiny_recipe, *changes, *arguments, *json_option)
    wait_for_step(process, 3)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    printed = err.split("\ntry: ")[1].split("   # continues")[0]
    assert printed == command
    resumed = t5tune(*shlex.split(printed)[1:])
    assert resumed.code == 0, resumed.err
    assert f"run: {run}\n" in resumed.err
    assert f"resuming from {run}/checkpoints/checkpoint-" in resumed.err
    assert "recipe: " not in resumed.err, "nothing has changed"
    assert Path(run, "model/config.json").is_file()
    assert sorted(Path("runs/tiny").rglob("*")) == before


def write_tiny_environment(recipe: Path, run: Path) -> None:
    """Write the environment of an earlier run of the same recipe."""
    (run / "checkpoints/checkpoint-4").mkdir(parents=True)
    values = load_recipe(recipe).model_dump(mode="json")
    (run / "environment.json").write_text(json.dumps({"recipe": values}))


def test_ctrl_c_before_training_exits_130(tiny_recipe: Path) -> None:
    process = start(tiny_recipe, "--output-dir", "early")
    assert process.stderr is not None
    process.stderr.readline()  # "run: early": the command has started, but not the training
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err


def test_a_damaged_checkpoint_is_skipped(t5tune: RunCommand, tiny_recipe: Path) -> None:
    arguments = ["training.max_steps=40", "training.eval_steps=10", "training.save_total_limit=9"]
    process = start(tiny_recipe, *arguments)
    wait_for_checkpoints(process, 10, 20)
    process.kill()
    process.communicate(timeout=60)
    checkpoints = sorted(
        Path("runs/tiny/checkpoints").glob("checkpoint-*"), key=lambda p: int(p.name.split("-")[1])
    )
    with (checkpoints[-1] / "optimizer.pt").open("r+b") as stream:
        stream.seek(200)
        stream.write(b"\xff\x00\xff")
    result = t5tune("train", tiny_recipe, *arguments)
    assert result.code == 0, result.err
    assert f"skipped {checkpoints[-1]}" in result.err
    assert f"resuming from {checkpoints[-2]}" in result.err


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("data.train.file=nope.tsv", "data.train.file: nope.tsv is not there"),
        ("data.train.source=english", "there is no column english"),
        ("training.learning_rat=1", "did you mean learning_rate"),
        ("training.extra.save_totl_limit=1", "did you mean training.save_total_limit"),
        ("model.config.dropout=0.1", "model.config.dropout"),
        ("model.from_scratch=null model.name=no/such-model", "no/such-model"),
    ],
)
def test_bad_input_is_one_sentence_and_a_next_command(
    override: str,
    expected: str,
    t5tune: RunCommand,
    tiny_recipe: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    result = t5tune("train", tiny_recipe, *override.split())
    assert result.code == 1
    assert expected in result.err
    assert "\ntry: " in result.err
    assert "Traceback" not in result.err
    assert not Path("runs/tiny/model").exists()


def test_a_hub_data_set_that_cannot_be_reached(
    t5tune: RunCommand, tiny_recipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    result = t5tune(
        "train", tiny_recipe, "data.train.file=null", "data.train.hub=no/such-data",
        "data.train.split=train",
    )  # fmt: skip
    assert result.code == 1
    assert "data.train: the data set no/such-data is not in the cache, and HF_HUB_OFF" in result.err


def test_an_empty_split_and_unequal_files(t5tune: RunCommand, tiny_recipe: Path) -> None:
    Path("test.tsv").write_text("en\tde\n")
    result = t5tune("train", tiny_recipe)
    assert result.code == 1
    assert "data.test" in result.err
    assert "holds no example" in result.err
    Path("a.en").write_text("one\ntwo\n")
    Path("a.de").write_text("eins\n")
    result = t5tune(
        "train", tiny_recipe, "data.train.file=null", "data.train.source_file=a.en",
        "data.train.target_file=a.de",
    )  # fmt: skip
    assert result.code == 1
    assert "a.en has 2 lines and a.de has 1" in result.err


def test_blank_training_pairs_are_left_out_and_counted(
    t5tune: RunCommand, tiny_recipe: Path
) -> None:
    write_pairs(tiny_recipe.parent, "train", [*number_pairs(100), ("", "eins"), ("one", " ")])
    result = t5tune("train", tiny_recipe)
    assert result.code == 0, result.err
    assert "100 training examples (2 blank ones left out)" in result.err


def test_half_of_a_launchers_environment_is_refused(
    t5tune: RunCommand, tiny_recipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    result = t5tune("train", tiny_recipe)
    assert result.code == 1
    assert "does not say which process this is: RANK=None, WORLD_SIZE=2" in result.err
    assert "try: unset RANK WORLD_SIZE LOCAL_RANK" in result.err


def test_early_stopping_ends_a_run_that_does_not_improve(
    t5tune: RunCommand, tiny_recipe: Path
) -> None:
    result = t5tune(
        "train", tiny_recipe, "training.max_steps=200", "training.eval_steps=2",
        "training.early_stopping_patience=2", "training.learning_rate=1e-9",
    )  # fmt: skip
    assert result.code == 0, result.err
    lines = [json.loads(line) for line in Path("runs/tiny/log.jsonl").read_text().splitlines()]
    assert lines[-1]["step"] <= 8


def scores_by_weights(run: Path) -> dict[str, float]:
    """Return the chrF2++ of each validation, by the name of the weights."""
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return {
        line.get("weights", f"step {line['step']}"): line["validation"]["chrF2++"]
        for line in lines
        if "validation" in line
    }


def weights_called(name: str, run: Path) -> torch.Tensor:
    """Return the embeddings of the weights that a name in the log means."""

    def load(step: str, file: str = "model") -> torch.Tensor:
        return load_file(run / f"checkpoints/checkpoint-{step}/{file}.safetensors")["shared.weight"]

    steps = [word.strip(",") for word in name.split() if word.strip(",").isdigit()]
    if name.startswith("moving"):
        return load(steps[0], "ema")
    return torch.stack([load(step) for step in steps]).mean(dim=0)


@pytest.mark.parametrize(
    "setting",
    ["training.ema_decay=0.95", "training.average_checkpoints=4"],
)
def test_whatever_validates_best_becomes_the_model(
    setting: str, t5tune: RunCommand, tiny_recipe: Path
) -> None:
    # At this learning rate the weights fluctuate; with this seed the moving average is 17
    # points better than any of them. The other averages may win or lose.
    arguments = [
        "training.learning_rate=0.1", "training.lr_scheduler_type=constant",
        "training.max_steps=200", "training.eval_steps=20", "training.logging_steps=20",
        "training.save_total_limit=10", "training.seed=6", "evaluation.metrics=[chrf]", setting,
    ]  # fmt: skip
    result = t5tune("train", tiny_recipe, *arguments, "--json")
    assert result.code == 0, result.err
    run = Path("runs/tiny")
    scores = scores_by_weights(run)
    best = max(scores, key=lambda name: scores[name])
    assert len(scores) == 11
    assert json.loads(result.out)["weights"] == best
    torch.testing.assert_close(weights(run)["shared.weight"], weights_called(best, run))
    if "ema" in setting:
        assert best == "moving average up to step 200"


def test_a_diverged_loss_ends_training(t5tune: RunCommand, tiny_recipe: Path) -> None:
    result = t5tune(
        "train", tiny_recipe, "training.optim=adamw_torch", "training.learning_rate=60",
        "training.warmup_steps=300", "training.max_steps=300", "training.max_grad_norm=0",
        "training.logging_steps=20", "training.eval_steps=20",
    )  # fmt: skip
    assert result.code == 1, result.err
    assert "training diverged: the loss was down to" in result.err
    assert "for 100 steps, up to step 120; runs/tiny/checkpoints/checkpoint-" in result.err
    assert "training.learning_rate=20 --restart" in result.err
    assert not Path("runs/tiny/model").exists()


def test_a_worker_that_prepares_batches_changes_nothing(
    t5tune: RunCommand, tiny_recipe: Path, train_once: TrainOnce
) -> None:
    result = t5tune("train", tiny_recipe, "training.extra.dataloader_num_workers=1")
    assert result.code == 0, result.err
    assert same_weights(Path("runs/tiny"), train_once() / "runs/tiny")


def test_a_nan_loss_ends_training_and_names_the_step(t5tune: RunCommand, tiny_recipe: Path) -> None:
    result = t5tune(
        "train", tiny_recipe, "training.optim=adamw_torch", "training.learning_rate=1e30",
        "training.warmup_steps=0", "training.max_grad_norm=0", "training.max_steps=40",
        "training.eval_steps=40", "training.logging_steps=1",
    )  # fmt: skip
    assert result.code == 1
    assert "Traceback" not in result.err
    message = next(line for line in result.err.split("\n") if "training diverged" in line)
    assert "the loss is nan at step " in message or "the loss is inf at step " in message
    assert "training.learning_rate=3.3e+29 --restart" in result.err
    step = int(message.split(" at step ")[1].split(";")[0])
    lines = Path("runs/tiny/log.jsonl").read_text().splitlines()
    steps = [json.loads(line)["step"] for line in lines]
    assert max(steps) == step - 1
    assert not Path("runs/tiny/model").exists()


@pytest.mark.parametrize("num_steps", [1, 2])
def test_weights_that_the_last_step_ruins_are_not_saved(
    t5tune: RunCommand, tiny_recipe: Path, num_steps: int
) -> None:
    """Every loss was finite: that of a step belongs to the weights before it."""
    result = t5tune(
        "train", tiny_recipe, "training.learning_rate=1e35", "training.eval_steps=1",
        f"training.max_steps={num_steps}", "training.warmup_steps=0",
    )  # fmt: skip
    assert result.code == 1
    assert "Traceback" not in result.err
    assert "training diverged: the norm of the weights is " in result.err
    assert "no checkpoint was saved yet." in result.err
    assert "training.learning_rate=3.3e+34 --restart" in result.err
    assert not list(Path("runs/tiny").glob("checkpoints/*"))
    assert not Path("runs/tiny/model").exists()
    assert json.loads(Path("runs/tiny/failure.json").read_text())["message"] in result.err


@pytest.mark.skipif(not shutil.which("g++"), reason="torch.compile needs a C++ compiler")
def test_compiled_training_compiles_once_and_changes_nothing(
    t5tune: RunCommand, tiny_recipe: Path
) -> None:
    packed = ("training.packing=true", "model.config.dropout_rate=0.0")
    assert t5tune("train", tiny_recipe, *packed, "--output-dir", "plain").code == 0
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    # Here, rather than in processes of their own that import torch. The patch is the library's,
    # because pytest's would delete the setting at its end.
    with torch._inductor.config.patch(compile_threads=1):
        result = t5tune(  # with a validation every four steps and translations at the end
            "train", tiny_recipe, *packed, "training.torch_compile=true", "--output-dir", "compiled"
        )
    assert result.code == 0, result.err
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == 2, "encoder and decoder"
    plain, compiled = weights(Path("plain")), weights(Path("compiled"))
    assert all(torch.allclose(plain[n], compiled[n], rtol=1e-2, atol=1e-3) for n in plain)


def test_compiling_without_a_compiler_is_refused(
    t5tune: RunCommand, tiny_recipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    result = t5tune("train", tiny_recipe, "training.packing=true", "training.torch_compile=true")
    if torch.cuda.is_available():
        assert result.code == 0
        return
    assert result.code == 1
    assert "needs a C++ compiler" in result.err


def test_compiling_requires_packing(t5tune: RunCommand, tiny_recipe: Path) -> None:
    result = t5tune("train", tiny_recipe, "training.torch_compile=true")
    assert result.code == 1
    assert "`torch_compile` requires `packing: true`" in result.err


def test_packing_trains_and_refuses_absolute_positions(
    t5tune: RunCommand, tiny_recipe: Path, tmp_path: Path
) -> None:
    result = t5tune("train", tiny_recipe, "training.packing=true")
    assert result.code == 0, result.err
    lines = [json.loads(line) for line in Path("runs/tiny/log.jsonl").read_text().splitlines()]
    assert lines[0]["real_token_share"] > 0.7

    bart = BartForConditionalGeneration(
        BartConfig(
            vocab_size=384, d_model=16, encoder_layers=1, decoder_layers=1, encoder_ffn_dim=16,
            decoder_ffn_dim=16, encoder_attention_heads=2, decoder_attention_heads=2,
            pad_token_id=0, eos_token_id=1, bos_token_id=0, decoder_start_token_id=0,
        )
    )  # fmt: skip
    bart.save_pretrained(tmp_path / "bart")
    ByT5Tokenizer().save_pretrained(tmp_path / "bart")
    refused = t5tune(
        "train", tiny_recipe, "training.packing=true", "model.from_scratch=null",
        f"model.name={tmp_path / 'bart'}", "--output-dir", "refused",
    )  # fmt: skip
    assert refused.code == 1
    assert "training.packing: bart numbers positions from the start of a row" in refused.err
    assert "training.packing=false" in refused.err


def test_time_over_ends_training_with_its_schedule_and_a_model(
    t5tune: RunCommand, tiny_recipe: Path
) -> None:
    result = t5tune(
        "train", tiny_recipe, "training.max_minutes=0.05", "training.max_steps=100000",
        "training.eval_steps=100000", "training.logging_steps=1", "training.warmup_steps=5",
    )  # fmt: skip
    assert result.code == 0, result.err
    lines = [json.loads(line) for line in Path("runs/tiny/log.jsonl").read_text().splitlines()]
    steps = [line for line in lines if "loss" in line]
    assert 10 < steps[-1]["step"] < 100_000
    assert 2.5 < steps[-1]["elapsed_seconds"] < 15
    rates = [line["learning_rate"] for line in steps]
    # The peak is lower by the time that the warm-up took, which is long on a busy machine.
    assert 0.01 < max(rates) <= 0.02
    assert rates[-1] < 0.1 * max(rates)
    assert [line["step"] for line in lines if "validation" in line] == [steps[-1]["step"]]
    assert Path("runs/tiny/model/config.json").is_file()
