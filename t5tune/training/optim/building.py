"""Optimizers by their recipe names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch

from t5tune.distributed.sharded_tensors import is_sharded
from t5tune.training.optim.adafactor import Adafactor
from t5tune.training.optim.sharded_adafactor import ShardedAdafactor

if TYPE_CHECKING:
    from t5tune.recipe.resolved_recipe import FittedTraining


ADAM_BETAS, ADAM_EPSILON = (0.9, 0.999), 1e-8  # Kingma and Ba 2015, and torch's

FACTORS = ".ia3_l."  # in the names of IA³'s factors, whose neutral value is 1 and not 0


def build_optimizer(
    model: torch.nn.Module,
    section: FittedTraining,
    *,
    from_scratch: bool,
    rates: Mapping[str, float] | None = None,
) -> torch.optim.Optimizer:
    """Build the optimizer of a run.

    Weight decay is applied to matrices only, not to norms, biases and factors. From scratch,
    Adafactor scales its steps by the size of the parameters, as T5 was pre-trained; fine-tuning
    takes them unscaled, as Hugging Face's T5 page advises, unless `scale_parameter` says otherwise.

    Args:
        model: Model to train.
        section: Training section of the recipe.
        from_scratch: Whether the initial weights are random.
        rates: Factors of the learning rate by name of the parameter; 1 for those left out.
    """
    members: dict[tuple[float, bool], list[torch.nn.Parameter]] = defaultdict(list)
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            is_matrix = parameter.dim() >= 2 and FACTORS not in name
            members[(rates or {}).get(name, 1.0), is_matrix].append(parameter)
    # The highest rate first, which is the one that is logged, and matrices before vectors.
    groups = [
        {
            "params": parameters,
            "lr": section.learning_rate * factor,
            "weight_decay": section.weight_decay if are_matrices else 0.0,
        }
        for (factor, are_matrices), parameters in sorted(members.items(), reverse=True)
    ]
    if section.optim == "adafactor":
        kind = ShardedAdafactor if is_sharded(model) else Adafactor
        scales = from_scratch if section.scale_parameter is None else section.scale_parameter
        return kind(groups, lr=section.learning_rate, scale_parameter=scales)
    extra = section.extra
    betas = extra.get("adam_beta1", ADAM_BETAS[0]), extra.get("adam_beta2", ADAM_BETAS[1])
    epsilon = extra.get("adam_epsilon", ADAM_EPSILON)
    return torch.optim.AdamW(groups, lr=section.learning_rate, betas=betas, eps=epsilon, fused=True)
