"""Train the tiny models of a list of jobs, on as many processes as torchrun starts.

torchrun --nproc-per-node N tests/integration/two_sharded_processes.py JOBS

Each process writes what it saw of a job into JOB's directory as rank-R.pt.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    MT5Config,
    MT5ForConditionalGeneration,
    PreTrainedModel,
    Seq2SeqTrainingArguments,
    SwitchTransformersConfig,
    SwitchTransformersForConditionalGeneration,
    T5Config,
    T5ForConditionalGeneration,
    TrainerCallback,
)

from t5tune.data.batching.steps import OptimizerSteps, StepLoader
from t5tune.distributed.fsdp import check_optimizer_state, check_weights, count_local_share
from t5tune.distributed.sharded_tensors import gather_tensor
from t5tune.distributed.sharding_refusals import has_experts
from t5tune.distributed.whole_copy import full_model
from t5tune.errors import T5TuneError
from t5tune.models.loading import load_model
from t5tune.models.packed import accept_packed_rows
from t5tune.training.checkpoints.saving import CheckpointSaver
from t5tune.training.checkpoints.writer import CheckpointWriter
from t5tune.training.optim.averaging import WeightAverage, weights_applied
from t5tune.training.optim.building import build_optimizer
from t5tune.training.strategies.sharding_choice import build_strategy
from t5tune.training.trainer import T5TuneTrainer
from tests.integration import two_processes
from tests.tiny_sections import fitted_training

SAVED_STEP = 2
BATCHES_PER_STEP = 3  # two processes get two batches and one, so one of them gets an empty batch
NUM_INPUTS = 7


@dataclass
class Job:
    """Describe what to train.

    Attributes:
        directory: For checkpoints and for what each process saw.
        family: t5, mt5 (nothing tied), bart or switch (experts).
        training: Keys of the recipe's section.
        packed: Pack the examples into rows.
        steps: Optimizer steps.
        resume: A checkpoint.
    """

    directory: str
    family: str = "t5"
    training: dict[str, Any] = dataclasses.field(default_factory=dict)
    packed: bool = False
    steps: int = 4
    resume: str | None = None


class Recorder(TrainerCallback):
    """Record losses, gradient norms, and what this process holds after the first step."""

    def __init__(self) -> None:
        self.losses: list[float] = []
        self.norms: list[float] = []
        self.held: dict[str, Any] = {}
        self.classes: list[str] = []

    def on_optimizer_step(self, args, state, control, model=None, optimizer=None, **_):
        tensors = {
            "weights": [getattr(p, "ds_tensor", p) for p in model.parameters()],
            "gradients": [p.grad for p in model.parameters() if p.grad is not None],
            "state": [
                value
                for of_parameter in optimizer.state.values()
                for value in of_parameter.values()
                if isinstance(value, torch.Tensor) and value.dim() > 0
            ],
        }
        self.held = {name: dataclasses.asdict(count_local_share(t)) for name, t in tensors.items()}
        self.held["elements_in_memory"] = {
            name: _elements_in_memory(kind) for name, kind in tensors.items()
        }

    def on_log(self, args, state, control, logs=None, **_):
        if "loss" in logs:
            self.losses.append(logs["loss"])
            self.norms.append(float(logs["grad_norm"]))


def _elements_in_memory(tensors: list[torch.Tensor]) -> int:
    """Return the number of fp32 elements really allocated, whatever the tensors report."""
    local = [t.to_local() if hasattr(t, "to_local") else t for t in tensors]
    storages = {t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in local}
    return sum(storages.values()) // 4


def build(family: str) -> PreTrainedModel:
    """Build a model with odd sizes, so that one process has a row more than the other."""
    torch.manual_seed(0)
    sizes: dict[str, Any] = {"vocab_size": 41, "d_model": 16, "pad_token_id": 0}
    if family == "bart":
        sizes |= {
            "encoder_ffn_dim": 33, "decoder_ffn_dim": 33, "encoder_layers": 1, "decoder_layers": 1,
            "encoder_attention_heads": 2, "decoder_attention_heads": 2, "dropout": 0.0,
            "max_position_embeddings": 64, "bos_token_id": 1, "eos_token_id": 2,
            "decoder_start_token_id": 2, "forced_eos_token_id": None,
        }  # fmt: skip
        return BartForConditionalGeneration(BartConfig(**sizes))
    sizes |= {
        "d_kv": 8, "d_ff": 33, "num_layers": 2, "num_heads": 2, "dropout_rate": 0.0,
        "decoder_start_token_id": 0,
    }  # fmt: skip
    if family == "switch":  # its router draws noise, and drops tokens of long texts
        experts = {"num_experts": 3, "expert_capacity": 999, "router_jitter_noise": 0.0}
        layers = dict.fromkeys(("num_sparse_encoder_layers", "num_sparse_decoder_layers"), 1)
        config = SwitchTransformersConfig(num_decoder_layers=2, **layers, **experts, **sizes)
        return SwitchTransformersForConditionalGeneration(config)
    if family == "t5":
        return T5ForConditionalGeneration(T5Config(**sizes))
    return MT5ForConditionalGeneration(MT5Config(**sizes, tie_word_embeddings=False))


def generate(model: PreTrainedModel, rank: int, num_ranks: int) -> dict[int, list[int]]:
    """Run beam search on this process's share of an odd number of inputs, one at a time."""
    generator = torch.Generator().manual_seed(5)
    inputs = torch.randint(3, 40, (NUM_INPUTS, 6), generator=generator)
    was_training = model.training
    model.eval()
    generated = {
        i: model.generate(inputs[i : i + 1], num_beams=2, max_new_tokens=3 + i)[0].tolist()
        for i in range(rank, NUM_INPUTS, num_ranks)
    }
    model.train(was_training)
    return generated


class _NoTokenizer:
    """Stand in for the tokenizer that the trainer saves."""

    def save_pretrained(self, directory: Path) -> None:
        pass


def run(job: Job) -> dict[str, Any]:
    """Train one model, and return what this process recorded."""
    directory = Path(job.directory)
    section = fitted_training(**{"max_grad_norm": 0.5} | job.training)
    model = load_model(job.resume) if job.resume else build(job.family)
    arguments = Seq2SeqTrainingArguments(
        output_dir=str(directory), max_steps=job.steps, logging_steps=1, save_steps=SAVED_STEP,
        learning_rate=0.01, warmup_steps=1, report_to="none", use_cpu=True, disable_tqdm=True,
        remove_unused_columns=False, ddp_find_unused_parameters=has_experts(model),
        bf16=section.bf16,
        activation_checkpointing=section.gradient_checkpointing,
        max_grad_norm=section.max_grad_norm,
        eval_strategy="steps", eval_steps=SAVED_STEP,
    )  # fmt: skip
    strategy = build_strategy(model, section, arguments.device, from_scratch=True)
    average = WeightAverage(model, section.ema_decay) if section.ema_decay else None
    if average is not None and job.resume:
        average.load(Path(job.resume))
    dataset, recorder = two_processes.build_dataset(), Recorder()
    plan, collate = two_processes.build_plan(dataset, 0 if job.packed else 4)
    if job.packed:
        accept_packed_rows(model)
    rank, num_ranks = arguments.process_index, arguments.world_size
    generated: dict[int, list[int]] = {}

    def validate() -> dict[str, float]:
        with full_model(model) as whole:
            generated.update(generate(whole, rank, num_ranks))
        return {"score": 1.0}

    trainer = T5TuneTrainer(
        model=model,
        args=arguments,
        loader=StepLoader(
            dataset, OptimizerSteps(plan, BATCHES_PER_STEP, rank, num_ranks), collate
        ),
        tokenizer=_NoTokenizer(),
        strategy=strategy,
        validate=validate,
        label_smoothing=0.1,
        saver=CheckpointSaver(
            CheckpointWriter(directory / f"checkpoints{rank or ''}", {}),
            9,
            strategy,
            average,
            _NoTokenizer(),
        ),
        callbacks=[recorder],
    )
    dtypes: set[str] = set()
    for layer in model.modules():
        if isinstance(layer, torch.nn.Linear):
            layer.register_forward_hook(lambda layer, *_: dtypes.add(str(layer.weight.dtype)))
    trainer.train(resume_from_checkpoint=job.resume)
    trainer.saver.writer.finish()
    applied = {}
    if average is not None:
        with weights_applied(model, average.gather()), full_model(model) as whole:
            applied = {name: p.clone() for name, p in whole.named_parameters()}
    return {
        "applied": applied,
        "losses": recorder.losses,
        "norms": recorder.norms,
        "held": recorder.held,
        "dtypes": dtypes,
        "wrapper": type(trainer.model_wrapped).__name__,
        "weights": {
            name: gather_tensor(p).detach().clone()
            for name, p in trainer.unwrapped.named_parameters()
        },
        "average": average.gather() if average is not None else {},
        "generated": generated,
    }


def refusals() -> dict[str, str]:
    """Return the errors about weights and optimizer state that are not sharded."""
    said = {}
    for optim in ("adamw_torch", "adafactor"):
        model = build("t5")
        section = fitted_training(optim=optim)
        optimizer = build_optimizer(model, section, from_scratch=True)
        for parameter in model.parameters():
            parameter.grad = torch.ones_like(parameter)
        optimizer.step()
        said[optim] = _error_of(lambda o=optimizer: check_optimizer_state(o))
        said["weights"] = _error_of(lambda m=model: check_weights(m))
    return said


def _error_of(act: Callable[[], object]) -> str:
    try:
        act()
    except T5TuneError as error:
        return error.message
    return ""


def main() -> None:
    for job in json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")):
        seen = run(Job(**job))
        rank = torch.distributed.get_rank() if torch.distributed.is_initialized() else 0
        torch.save(seen, Path(job["directory"]) / f"rank-{rank}.pt")
    if torch.distributed.is_initialized():
        torch.save(refusals(), Path(sys.argv[1]).with_name("refusals.pt"))
        torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main()
