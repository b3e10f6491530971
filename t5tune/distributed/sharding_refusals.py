"""Errors about weights that cannot be sharded, or that are not really sharded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.distributed as dist

from t5tune.errors import T5TuneError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

WITHOUT_SHARDING = "the same command with training.sharding=none"


def refuse_one_process(kind: str) -> None:
    """Refuse to shard weights in a single process.

    Raises:
        T5TuneError: There are no other processes.
    """
    if not dist.is_initialized() or dist.get_world_size() == 1:
        raise T5TuneError(
            f"training.sharding: {kind} shards the weights across several processes, but this is "
            "the only one.",
            next_command=f"t5tune train RECIPE --num-processes 2   # or {WITHOUT_SHARDING}",
        )


def refuse_unequal_parts(model: PreTrainedModel) -> None:
    """Refuse models that do not use all their weights for every batch.

    The other processes would wait for a block that one of them leaves out.

    Raises:
        T5TuneError: The model has experts, or drops layers in training.
    """
    if has_experts(model):
        raise T5TuneError(
            f"training.sharding: {model.config.model_type} sends tokens to experts, and one that "
            "no token of a process chooses has no gradient there for the others to add up.",
            next_command=WITHOUT_SHARDING,
        )
    if drops_layers(model):
        raise T5TuneError(
            f"training.sharding: this {model.config.model_type} leaves out layers at random in "
            "training (layerdrop), different ones in each process, and the processes would wait "
            "for each other.",
            next_command="the same command with model.config.encoder_layerdrop=0 "
            "model.config.decoder_layerdrop=0",
        )


def drops_layers(model: torch.nn.Module) -> bool:
    """Return whether training leaves out layers at random (Fan et al. 2020), as NLLB does.

    Their weights then get no gradient in one process while they get one in another.
    """
    return any(getattr(module, "layerdrop", 0.0) > 0.0 for module in model.modules())


def has_experts(model: PreTrainedModel) -> bool:
    """Return whether tokens choose which weights they use, as in Switch Transformers."""
    return bool(getattr(model.config, "num_experts", None))


def not_in_force(what: str, local: int, whole: int) -> T5TuneError:
    """Return the error about tensors of which a process holds `local` of `whole` elements."""
    return T5TuneError(
        f"training.sharding is not in force: of {what} this process holds {local:,} of {whole:,} "
        f"numbers, and {dist.get_world_size()} processes should share them.",
        next_command=f"{WITHOUT_SHARDING}; this is a bug in t5tune, please report it",
    )
