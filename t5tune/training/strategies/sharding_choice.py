"""The strategy that a recipe's sharding asks for."""

from __future__ import annotations

import torch
from transformers import PreTrainedModel

from t5tune.distributed.deepspeed import ZeroEngine, build_config, import_quietly
from t5tune.distributed.fsdp import shard_model
from t5tune.distributed.sharding_refusals import refuse_one_process
from t5tune.recipe.resolved_recipe import FittedTraining
from t5tune.training.optim.building import build_optimizer
from t5tune.training.regularizers.recipe_regularizers import find_rates
from t5tune.training.strategies.deepspeed_strategy import DeepSpeedStrategy
from t5tune.training.strategies.fsdp_strategy import FsdpStrategy
from t5tune.training.strategies.strategy import Strategy


def build_strategy(
    model: PreTrainedModel, section: FittedTraining, device: torch.device, *, from_scratch: bool
) -> Strategy:
    """Build the strategy of a model, sharded as the recipe asks; every process must call this.

    The model is full and the same on every process, and is sharded in place.

    Raises:
        T5TuneError: The weights cannot be sharded, or are not really sharded.
    """
    import_quietly()
    if section.sharding != "none":
        refuse_one_process(section.sharding)
    if section.sharding == "fsdp":
        shard_model(model, device, bf16=section.bf16, cpu_offload=section.cpu_offload)
    rates = find_rates(section.regularization, model)
    optimizer = build_optimizer(model, section, from_scratch=from_scratch, rates=rates)
    if section.sharding == "fsdp":
        return FsdpStrategy(optimizer)
    if section.sharding == "none":
        return Strategy(optimizer)
    config = build_config(
        section.deepspeed_config, bf16=section.bf16, max_grad_norm=section.max_grad_norm
    )
    return DeepSpeedStrategy(ZeroEngine(model, optimizer, config))
