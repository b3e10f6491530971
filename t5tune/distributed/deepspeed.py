"""DeepSpeed's engine around a model: its configuration, and the full state of its AdamW.

DeepSpeed is called directly. Accelerate's plugin needs the batch size of every process, which a
token budget does not have, and does not start on a CPU.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import logging
import sys
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import torch.distributed as dist

from t5tune.console import say
from t5tune.distributed.sharded_tensors import is_zero_parameter, num_elements
from t5tune.distributed.sharding_refusals import (
    WITHOUT_SHARDING,
    not_in_force,
    refuse_unequal_parts,
)
from t5tune.distributed.whole_copy import keep_skeleton
from t5tune.errors import T5TuneError
from t5tune.files.json_values import parse_json

if TYPE_CHECKING:
    from transformers import PreTrainedModel

STAGES = (2, 3)
MOMENTS = ("exp_avg", "exp_avg_sq")  # of AdamW, in torch's spelling

# Keys that the recipe sets; "auto", as Hugging Face writes it, agrees with any value.
OWN_KEYS = {
    "train_batch_size": "training.tokens_per_batch",
    "train_micro_batch_size_per_gpu": "training.tokens_per_batch",
    "gradient_accumulation_steps": "training.gradient_accumulation_steps",
    "gradient_clipping": "training.max_grad_norm",
    "optimizer": "training.optim",
    "scheduler": "training.lr_scheduler_type",
    "bf16": "training.bf16",
    "fp16": "training.bf16",
}


def import_quietly() -> bool:
    """Import DeepSpeed, if it is installed, and have it log to stderr; return whether it is.

    Accelerate imports it wherever it is installed, used or not, and its logger would keep the
    stdout that it finds then, which is for data.
    """
    if importlib.util.find_spec("deepspeed") is None:
        return False
    with contextlib.redirect_stdout(io.StringIO()) as found:
        import deepspeed  # noqa: F401
    for handler in logging.getLogger("DeepSpeed").handlers:
        if isinstance(handler, logging.StreamHandler) and handler.stream in (found, sys.stdout):
            handler.setStream(sys.stderr)
    return True


def build_config(file: str | None, *, bf16: bool, max_grad_norm: float) -> dict[str, Any]:
    """Build DeepSpeed's configuration from the user's own file and what the recipe says.

    Without a file, everything is sharded.

    Raises:
        T5TuneError: The file cannot be read, or contradicts the recipe.
    """
    config = _read_config(file) if file else {}
    agreed = {"bf16": bf16, "fp16": False}
    for key, own in OWN_KEYS.items():
        if key in config and not _is_auto(config.pop(key), agreed.get(key)):
            raise T5TuneError(
                f"{file}: {key} is already set by the recipe's {own}.",
                next_command=f"remove {key} from that file",
            )
    own_zero = config.get("zero_optimization", {})
    zero = {"stage": 3, **(own_zero if isinstance(own_zero, dict) else {"stage": own_zero})}
    if zero["stage"] not in STAGES:
        raise T5TuneError(
            f"{file}: zero_optimization.stage is {zero['stage']}; 3 divides "
            "weights, gradients and optimizer state, 2 all but the weights.",
            next_command="zero_optimization.stage 2 or 3 in that file",
        )
    return {
        "zero_force_ds_cpu_optimizer": False,
        **config,
        "zero_optimization": {key: value for key, value in zero.items() if not _is_auto(value)},
        "zero_allow_untested_optimizer": True,  # that is, one that is not DeepSpeed's
        # Of the file's batch sizes DeepSpeed only uses the product, and only in messages.
        "train_micro_batch_size_per_gpu": 1,
        "gradient_accumulation_steps": 1,
        "gradient_clipping": max_grad_norm,
        "bf16": {"enabled": bf16},
    }


def _is_auto(value: Any, enabled: bool | None = None) -> bool:
    """Return whether a value leaves the choice to the recipe, or agrees with it."""
    if isinstance(value, dict) and enabled is not None:
        return value.get("enabled", False) in ("auto", enabled)
    return bool(value == "auto")


def _read_config(name: str) -> dict[str, Any]:
    correct = f"correct training.deepspeed_config, or {WITHOUT_SHARDING}"
    try:
        config = parse_json(Path(name).read_text(encoding="utf-8"))
    except OSError as error:
        raise T5TuneError(f"{name}: {error.strerror}.", next_command=correct) from error
    except ValueError as error:
        raise T5TuneError(f"{name} is not JSON: {error}.", next_command=correct) from error
    if not isinstance(config, dict):
        raise T5TuneError(f"{name} does not hold a JSON object.", next_command=correct)
    return config


class ZeroEngine:
    """DeepSpeed's engine around a model, with the state of its AdamW as one process has it.

    Args:
        model: Full model, the same on every process; it is sharded in place.
        optimizer: AdamW of torch for the full model. The schedule sets its learning rate, and the
            engine steps it.
        config: See `build_config`.

    Raises:
        T5TuneError: DeepSpeed is not installed, or does not shard as asked.
    """

    def __init__(
        self, model: PreTrainedModel, optimizer: torch.optim.Optimizer, config: dict[str, Any]
    ) -> None:
        if not import_quietly():
            raise T5TuneError(
                "training.sharding: deepspeed is not installed.",
                next_command="pip install 't5tune[deepspeed]'   # or training.sharding=fsdp",
            )
        import deepspeed

        refuse_unequal_parts(model)
        self.stage: int = config["zero_optimization"]["stage"]
        keep_skeleton(model)
        self.optimizer = optimizer
        self._parameters = [p for group in self.optimizer.param_groups for p in group["params"]]
        self._groups = self.optimizer.state_dict()["param_groups"]
        logging.getLogger("DeepSpeed").setLevel(logging.WARNING)
        warnings.filterwarnings("ignore", r"`torch\.distributed\..* is deprecated", FutureWarning)
        with contextlib.redirect_stdout(sys.stderr):  # it prints
            self.engine, self._zero, _, _ = deepspeed.initialize(
                model=model, optimizer=self.optimizer, config=config, dist_init_required=False
            )
        self._check_weights(model)

    def _check_weights(self, model: PreTrainedModel) -> None:
        parameters = list(model.parameters())
        whole = sum(num_elements(p) for p in parameters)
        parts = [p.ds_tensor if hasattr(p, "ds_tensor") else p for p in parameters]
        local = sum(part.numel() for part in parts)
        is_prepared = all(is_zero_parameter(p) for p in parameters if p.requires_grad)
        if not is_prepared or (self.stage == 3 and local > _share(whole, parameters)):
            raise not_in_force("weights", local, whole)
        say(
            f"sharding: deepspeed stage {self.stage}, {dist.get_world_size()} processes; this one "
            f"holds {local:,} of {whole:,} weights"
        )

    def check_optimizer_state(self) -> None:
        """Check, after a step, that this process holds its part of the optimizer's state.

        Raises:
            T5TuneError: It holds more than its share.
        """
        local = sum(v.numel() for v in self._state_values() if v.dim() > 0)
        trained = sum(num_elements(p) for p in self._parameters)
        whole = len(MOMENTS) * trained
        if local == 0 or local > len(MOMENTS) * _share(trained, self._parameters):
            raise not_in_force("the optimizer's state", local, whole)

    def _state_values(self) -> Iterator[torch.Tensor]:
        return (value for state in self.optimizer.state.values() for value in state.values())

    def gather_state(self, *, keep: bool) -> dict[str, Any]:
        """Return the full state dict of AdamW; see `gather_weights`."""
        from deepspeed.utils import safe_get_full_optimizer_state

        self._link_state()
        step = next(v for v in self._state_values() if v.dim() == 0)
        state: dict[int, dict[str, torch.Tensor]] = {}
        for index, parameter in enumerate(self._parameters):
            state[index] = {"step": step.detach().cpu().clone()}
            for key in MOMENTS:
                value = safe_get_full_optimizer_state(parameter, key)
                if keep:
                    state[index][key] = value.detach().cpu().clone()
        groups = [
            {**group, **{k: v for k, v in now.items() if k != "params"}}
            for group, now in zip(self._groups, self.optimizer.param_groups, strict=True)
        ]
        return {"state": state, "param_groups": groups} if keep else {}

    def load_state(self, whole: Mapping[str, Any]) -> None:
        """Load a full state dict, which every process has read."""
        from deepspeed.utils import safe_set_full_optimizer_state

        for group, saved in zip(self.optimizer.param_groups, whole["param_groups"], strict=True):
            group.update({key: value for key, value in saved.items() if key != "params"})
        if not whole["state"]:
            return
        step = next(iter(whole["state"].values()))["step"]
        for partition in self._partitions():
            state: dict[str, Any] = {key: torch.zeros_like(partition.data) for key in MOMENTS}
            self.optimizer.state[partition] = {"step": step.clone().to(partition.device), **state}
        self._link_state()
        for index, of_parameter in whole["state"].items():
            for key in MOMENTS:
                value = of_parameter[key].to(self.engine.device)
                safe_set_full_optimizer_state(self._parameters[index], value, key)

    def _partitions(self) -> list[torch.Tensor]:
        """Return what the optimizer steps: this process's part of all parameters, flat, fp32."""
        if self.stage == 3:
            return list(self._zero.fp32_partitioned_groups_flat)
        return list(self._zero.single_partition_of_fp32_groups)

    def _link_state(self) -> None:
        """Link the state again: stage 2 links it when only the first group has been stepped."""
        if self.stage == 2:
            self._zero._hp_optimizer_states_linked = False
            self._zero._lazy_init_hp_params_optimizer_state()


def _share(whole: int, parameters: list[torch.nn.Parameter]) -> float:
    """Return the share of one process in a count of numbers; each parameter may be padded."""
    return whole / dist.get_world_size() + 8 * len(parameters)
