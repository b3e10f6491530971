"""Test weights sharded across two processes: the numbers of one, in half the memory."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
import torch

from tests import forks
from tests.integration.two_sharded_processes import SAVED_STEP, Job, run

SECONDS = 120  # a hang is a failure

has_deepspeed = importlib.util.find_spec("deepspeed") is not None
needs_deepspeed = pytest.mark.skipif(not has_deepspeed, reason="pip install 't5tune[deepspeed]'")

SHARDED: dict[str, Any] = {"sharding": "fsdp"}
KEYS = ("sharding", "deepspeed_config")
ADAFACTOR: dict[str, Any] = {"optim": "adafactor", "learning_rate": 0.02, "ema_decay": 0.9}

Seen = list[dict[str, Any]]  # of each process


def on_two_processes(directory: Path, jobs: dict[str, Job]) -> dict[str, Seen]:
    """Return what each process recorded of each job, in one start, which takes the most time."""
    path = directory / "jobs.json"
    path.write_text(json.dumps([dataclasses.asdict(job) for job in jobs.values()]))
    forks.run_ranks(2, "tests.integration.two_sharded_processes", path, timeout=SECONDS)
    return {
        name: [torch.load(Path(job.directory) / f"rank-{rank}.pt") for rank in range(2)]
        for name, job in jobs.items()
    }


def build_jobs(base: Path, sharded: dict[str, Any]) -> dict[str, Job]:
    """Return jobs with dropout 0, label smoothing 0.1 and steps of an odd number of batches."""
    jobs = {
        "t5": Job("", training={**sharded}),
        "adafactor": Job("", "mt5", training={**sharded, **ADAFACTOR}),
        "bart": Job("", "bart", training={**sharded, "gradient_checkpointing": True}),
        "packed": Job("", packed=True, training={**sharded}),
        "bf16": Job("", training={**sharded, "bf16": True}),
        "switch": Job("", "switch"),
    }
    for name, job in jobs.items():
        job.directory = str(base / name)
        Path(job.directory).mkdir(parents=True)
    return jobs


def resumed(job: Job, suffix: str, sharded: dict[str, Any]) -> Job:
    """Return a job that resumes from the checkpoint of another one, sharded or not."""
    directory = Path(f"{job.directory}-{suffix}")
    directory.mkdir()
    training = {k: v for k, v in job.training.items() if k not in KEYS} | sharded
    checkpoint = Path(job.directory) / "checkpoints" / f"checkpoint-{SAVED_STEP}"
    return dataclasses.replace(
        job, directory=str(directory), training=training, resume=str(checkpoint)
    )


def resumed_from_nothing(job: Job) -> Job:
    """Return the same job in another directory."""
    directory = Path(f"{job.directory}-again")
    directory.mkdir()
    return dataclasses.replace(job, directory=str(directory))


@dataclasses.dataclass
class Runs:
    """Hold what was recorded of each job, and what was refused."""

    refused: dict[str, str]
    one: dict[str, dict[str, Any]]
    two: dict[str, Seen]
    jobs: dict[str, Job]


RESUMED = ("t5", "adafactor")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    base = tmp_path_factory.mktemp("sharding")
    whole = build_jobs(base / "one", {})
    one = {name: run(job) for name, job in whole.items()}
    jobs = build_jobs(base / "two", SHARDED)
    jobs |= {f"{name} resumed": resumed(whole[name], "resumed", SHARDED) for name in RESUMED}
    jobs |= {"ddp": resumed_from_nothing(whole["t5"])}
    jobs |= {"t5 again": resumed(jobs["t5"], "again", SHARDED)}
    two = on_two_processes(base, jobs)
    return Runs(torch.load(base / "refusals.pt"), one, two, jobs)


FAMILIES = ("t5", "adafactor", "bart", "packed")


@pytest.mark.parametrize("name", FAMILIES)
def test_losses_and_weights_are_those_of_one_process(name: str, runs: Runs) -> None:
    one, two = runs.one[name], runs.two[name][0]
    assert len(one["losses"]) == 4
    assert two["losses"] == pytest.approx(one["losses"], abs=1e-5)
    assert two["norms"] == pytest.approx(one["norms"], rel=1e-5)
    assert two["weights"].keys() == one["weights"].keys()
    for weight, expected in zip(two["weights"].values(), one["weights"].values(), strict=True):
        torch.testing.assert_close(weight, expected, rtol=1e-4, atol=1e-5)
    for weight, expected in zip(two["average"].values(), one["average"].values(), strict=True):
        torch.testing.assert_close(weight, expected, rtol=1e-4, atol=1e-5)


def test_losses_equal_those_of_two_processes_with_full_weights(runs: Runs) -> None:
    sharded, ddp = runs.two["t5"][0], runs.two["ddp"][0]
    assert ddp["wrapper"] == "DistributedDataParallel"
    assert sharded["losses"] == pytest.approx(ddp["losses"], abs=1e-5)


def test_experts_are_trained_by_two_processes_as_by_one(runs: Runs) -> None:
    one, two = runs.one["switch"], runs.two["switch"][0]
    assert two["wrapper"] == "DistributedDataParallel"
    assert two["losses"] == pytest.approx(one["losses"], abs=1e-5)
    for name, weight in one["weights"].items():
        torch.testing.assert_close(two["weights"][name], weight, rtol=1e-4, atol=1e-5)


def test_an_average_takes_the_place_of_the_weights(runs: Runs) -> None:
    one, two = runs.one["adafactor"], runs.two["adafactor"][1]
    assert two["applied"].keys() == one["weights"].keys()
    for name, weight in two["applied"].items():
        torch.testing.assert_close(weight, one["average"][name], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("what", ["weights", "adamw_torch", "adafactor"])
def test_what_is_not_sharded_is_refused(what: str, runs: Runs) -> None:
    assert "training.sharding is not in force" in runs.refused[what]


def test_in_bf16_losses_are_near_those_of_one_process(runs: Runs) -> None:
    one, two = runs.one["bf16"], runs.two["bf16"][0]
    assert two["losses"] == pytest.approx(one["losses"], abs=0.02)
    assert two["dtypes"] == {"torch.bfloat16"}, "weights were gathered in fp32"
    assert runs.two["t5"][0]["dtypes"] == {"torch.float32"}
    assert two["weights"]["shared.weight"].dtype == torch.float32


@pytest.mark.parametrize("name", [*FAMILIES, "bf16"])
def test_each_process_holds_half(name: str, runs: Runs) -> None:
    for kind in ("weights", "gradients", "state"):
        whole = runs.one[name]["held"][kind]["full"]
        held = [seen["held"][kind] for seen in runs.two[name]]
        sharded = [h["local"] - h["unsharded"] for h in held]
        assert {h["full"] for h in held} == {whole}
        assert sum(sharded) == whole - held[0]["unsharded"], "a number is missing or there twice"
        assert max(sharded) <= 0.52 * whole
        if name != "adafactor" or kind != "state":  # every process has its means over rows
            assert held[0]["unsharded"] == 0
    for seen in runs.two[name]:
        in_memory = seen["held"]["elements_in_memory"]
        assert in_memory["weights"] <= 0.52 * runs.one[name]["held"]["weights"]["full"]
        assert seen["wrapper"].startswith("FSDP")


@pytest.mark.parametrize("name", FAMILIES)
def test_two_processes_generate_what_one_does(name: str, runs: Runs) -> None:
    """With seven inputs, one process finishes earlier, and with shorter hypotheses."""
    first, second = (seen["generated"] for seen in runs.two[name])
    assert (len(first), len(second)) == (4, 3)
    assert {**first, **second} == runs.one[name]["generated"]


@pytest.mark.parametrize("name", RESUMED)
def test_one_process_resumes_what_two_saved(name: str, runs: Runs) -> None:
    seen = run(resumed(runs.jobs[name], "on-one", {}))
    assert_ends_as(seen, runs.one[name])


@pytest.mark.parametrize("name", RESUMED)
def test_two_processes_resume_what_one_saved(name: str, runs: Runs) -> None:
    assert_ends_as(runs.two[f"{name} resumed"][0], runs.one[name])


def test_two_processes_resume_what_two_saved(runs: Runs) -> None:
    assert_ends_as(runs.two["t5 again"][0], runs.one["t5"])


def assert_ends_as(seen: dict[str, Any], whole: dict[str, Any]) -> None:
    """Require that the second half of a run equals that of a run without interruption."""
    assert seen["losses"] == pytest.approx(whole["losses"][SAVED_STEP:], abs=1e-5)
    for kind in ("weights", "average"):
        assert seen[kind].keys() == whole[kind].keys()
        for name, weight in whole[kind].items():
            torch.testing.assert_close(seen[kind][name], weight, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", RESUMED)
def test_a_checkpoint_is_that_of_one_process(name: str, runs: Runs) -> None:
    saved = Path("checkpoints") / f"checkpoint-{SAVED_STEP}"
    two = Path(runs.jobs[name].directory) / saved
    one = Path(runs.jobs[f"{name} resumed"].resume or "")
    files = [{path.name for path in directory.iterdir()} for directory in (one, two)]
    assert files[0] - {"rng_state.pth"} == files[1] - {"rng_state_0.pth"}
    states = [torch.load(d / "optimizer.pt", weights_only=True) for d in (one, two)]
    assert states[0]["param_groups"] == states[1]["param_groups"]
    assert states[0]["state"].keys() == states[1]["state"].keys()
    for index, state in states[0]["state"].items():
        for key, value in state.items():
            torch.testing.assert_close(states[1]["state"][index][key], value)
    assert (one / "config.json").read_text() == (two / "config.json").read_text()


@pytest.fixture(scope="module")
def zero_runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """Return runs by DeepSpeed: stage 3, and stage 2 from a user's configuration."""
    base = tmp_path_factory.mktemp("zero")
    config = base / "zero2.json"
    config.write_text(json.dumps({"zero_optimization": {"stage": 2}, "bf16": {"enabled": "auto"}}))
    kinds: dict[str, dict[str, Any]] = {
        "3": {"sharding": "deepspeed"},
        "2": {"sharding": "deepspeed", "deepspeed_config": str(config)},
    }
    names = ("t5", "bart", "packed")
    whole = {name: job for name, job in build_jobs(base / "one", {}).items() if name in names}
    one = {name: run(job) for name, job in whole.items()}
    jobs = {}
    for stage, keys in kinds.items():
        for name, job in build_jobs(base / stage, keys).items():
            if name in names:
                jobs[f"{name} {stage}"] = job
        jobs[f"resumed {stage}"] = resumed(whole["t5"], f"resumed-{stage}", keys)
    return Runs({}, one, on_two_processes(base, jobs), jobs)


@needs_deepspeed
@pytest.mark.parametrize("stage", ["3", "2"])
@pytest.mark.parametrize("name", ["t5", "bart", "packed"])
def test_with_deepspeed_too(name: str, stage: str, zero_runs: Runs) -> None:
    one, two = zero_runs.one[name], zero_runs.two[f"{name} {stage}"]
    assert two[0]["losses"] == pytest.approx(one["losses"], abs=1e-5)
    assert two[0]["norms"] == pytest.approx(one["norms"], rel=1e-5)
    assert two[0]["weights"].keys() == one["weights"].keys()
    for key, weight in one["weights"].items():
        torch.testing.assert_close(two[0]["weights"][key], weight, rtol=1e-4, atol=1e-5)
    assert {**two[0]["generated"], **two[1]["generated"]} == one["generated"]
    for seen in two:
        held = seen["held"]["elements_in_memory"]
        whole = one["held"]["weights"]["full"]
        assert held["state"] <= 0.52 * one["held"]["state"]["full"]
        assert held["weights"] <= (0.52 if stage == "3" else 1.01) * whole  # padded


@needs_deepspeed
@pytest.mark.parametrize("stage", ["3", "2"])
def test_deepspeed_and_others_resume_each_other(stage: str, zero_runs: Runs) -> None:
    assert_ends_as(zero_runs.two[f"resumed {stage}"][0], zero_runs.one["t5"])
    seen = run(resumed(zero_runs.jobs[f"t5 {stage}"], "on-one", {}))
    assert_ends_as(seen, zero_runs.one["t5"])
