"""A model whose weights are divided among the processes, with torch's `fully_shard` (FSDP2).

Each transformer block is gathered when it computes and freed again; what is left (embeddings,
last norms, the output layer) is gathered for the whole of a forward and its backward.
"""

from __future__ import annotations

import copy
import functools
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
import torch.distributed as dist
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import (
    CPUOffloadPolicy,
    MixedPrecisionPolicy,
    OffloadPolicy,
    fully_shard,
)
from torch.distributed.tensor import DTensor, Placement, distribute_tensor
from transformers import PreTrainedModel

from t5tune.errors import T5TuneError
from t5tune.models.broadcasting import drops_layers
from t5tune.models.zero_parameters import gather_zero_parameter, is_zero_parameter

WITHOUT_SHARDING = "the same command with training.sharding=none"

Inside = Callable[[Callable[..., Any]], Any]


def shard_model(
    model: PreTrainedModel, device: torch.device, *, bf16: bool, cpu_offload: bool
) -> None:
    """Divide a model's weights among all processes, in place; every process calls this.

    Blocks move to the device one after another, so that a model need not fit onto it.

    Args:
        model: On the CPU, the same in every process (`share_weights`). Its parameters
            become `DTensor`s, its class a subclass of its own.
        device: Where this process computes.
        bf16: Gather and compute the weights in bf16; they themselves and their gradients stay
            fp32.
        cpu_offload: Keep weights, gradients and optimizer in the main memory.

    Raises:
        T5TuneError: The model has no blocks that could be gathered one at a time.
    """
    refuse_unequal_parts(model)
    blocks = find_blocks(model)
    keep_skeleton(model)
    mesh = _build_mesh(device)
    precision = MixedPrecisionPolicy(
        param_dtype=torch.bfloat16 if bf16 else None, reduce_dtype=torch.float32
    )
    offload = OffloadPolicy()
    if cpu_offload:
        offload = CPUOffloadPolicy(pin_memory=device.type != "cpu")
    for module in (*blocks, model):
        fully_shard(module, mesh=mesh, mp_policy=precision, offload_policy=offload)
    # T5's position bias is such a view, and is added to out of place.
    warnings.filterwarnings("ignore", message="FSDP2-wrapped module .* returned a view tensor")


def refuse_unequal_parts(model: PreTrainedModel) -> None:
    """Only models that use all their weights for every batch can be divided.

    A block that one process leaves out is one that the others wait for.

    Raises:
        T5TuneError: The model has experts, or drops layers in training.
    """
    if getattr(model.config, "num_experts", None):
        raise T5TuneError(
            f"training.sharding: {model.config.model_type} sends tokens to experts, and one that "
            "no token of a process chooses has no gradient there for the others to add up.",
            next_command=WITHOUT_SHARDING,
        )
    if drops_layers(model):
        raise T5TuneError(
            f"training.sharding: this {model.config.model_type} leaves out layers at random while "
            "it learns (layerdrop), others in each process, and the processes would wait for each "
            "other.",
            next_command="the same command with model.config.encoder_layerdrop=0 "
            "model.config.decoder_layerdrop=0",
        )


def not_in_force(what: str, local: int, whole: int) -> T5TuneError:
    """The error that memory is not really divided.

    Args:
        what: Was to be divided.
        local: Numbers of it that this process holds.
        whole: All of them.
    """
    return T5TuneError(
        f"training.sharding is not in force: of {what} this process holds {local:,} of {whole:,} "
        f"numbers, and {dist.get_world_size()} processes should divide them.",
        next_command=f"{WITHOUT_SHARDING}; this is a mistake of t5tune, please report it",
    )


def keep_skeleton(model: PreTrainedModel) -> None:
    """Remember what a model is like before it is divided, for `whole_model`."""
    # Not a submodule: it would be saved and trained.
    object.__setattr__(model, "_skeleton", _copy_with(model, _to_meta))


def find_blocks(model: PreTrainedModel) -> list[torch.nn.Module]:
    """The transformer blocks of encoder and decoder: what lies in a list right below a stack.

    Raises:
        T5TuneError: There are none.
    """
    blocks = [
        block
        for stack in (model.get_encoder(), model.get_decoder())
        for child in stack.children()
        if isinstance(child, torch.nn.ModuleList)
        for block in child
    ]
    if not blocks:
        raise T5TuneError(
            f"training.sharding: {model.config.model_type} keeps its transformer blocks where "
            "t5tune does not find them, so its weights cannot be divided.",
            next_command=WITHOUT_SHARDING,
        )
    return blocks


def _build_mesh(device: torch.device) -> DeviceMesh:
    """All processes in one row, able to add up what lies in the main memory too."""
    backend = "cpu:gloo"
    if device.type != "cpu":
        backend += f",{device.type}:{dist.get_default_backend_for_device(device)}"
    return DeviceMesh.from_group(dist.new_group(backend=backend), device.type)


def accept_inside(model: PreTrainedModel) -> None:
    """Let `run_inside` call a function within the model's forward, once that is final."""
    plain = model.forward

    @functools.wraps(plain)
    def forward(*arguments: Any, inside: Inside | None = None, **keywords: Any) -> Any:
        return plain(*arguments, **keywords) if inside is None else inside(plain)

    model.forward = forward


def run_inside(model: Callable[..., Any], function: Inside) -> Any:
    """Call a function where the embeddings and the output layer are whole.

    Outside the model's forward they are shards, and gradients of them would not be added up.

    Args:
        model: Sharded, and `accept_inside` has been called.
        function: Is given the model's own forward; returns tensors.
    """
    return model(inside=function)


def is_sharded(model: torch.nn.Module) -> bool:
    """Whether weights are divided among processes as `DTensor`s."""
    return any(isinstance(parameter, DTensor) for parameter in model.parameters())


def gather(tensor: torch.Tensor) -> torch.Tensor:
    """The whole of a tensor, if it is divided; then every process has to call this.

    Args:
        tensor: DeepSpeed's are known by the parameter itself, not by what `detach` makes of it.
    """
    if is_zero_parameter(tensor):
        return gather_zero_parameter(tensor)
    if not isinstance(tensor, DTensor):
        return tensor
    whole: torch.Tensor = tensor.full_tensor()
    return whole


def divide_like(whole: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """This process's part of a whole tensor, if another one of its shape is divided."""
    if not isinstance(other, DTensor) or isinstance(whole, DTensor):
        return whole
    return divide(whole, other, other.placements)


def divide(whole: torch.Tensor, other: DTensor, placements: Sequence[Placement]) -> torch.Tensor:
    """This process's part of a whole tensor, among the processes that divide another one."""
    whole = whole.to(other.to_local().device)
    # None: every process has the whole, nothing needs to be sent.
    part: torch.Tensor = distribute_tensor(whole, other.device_mesh, placements, src_data_rank=None)
    return part


@torch.no_grad()
def load_weights(model: torch.nn.Module, weights: Mapping[str, torch.Tensor]) -> None:
    """Give a model, sharded or not, weights that are whole; names that it has not are left out."""
    for name, parameter in model.named_parameters():
        if name in weights:
            parameter.copy_(divide_like(weights[name], parameter))


@contextmanager
def whole_model(model: PreTrainedModel) -> Iterator[PreTrainedModel]:
    """Inside the block there is a whole copy of a sharded model, for `generate`.

    Every process has one and may then do with it what it likes, for as long as it likes. It
    costs each of them the memory of all weights. A model that is not sharded is given as it is.
    Every process has to enter the block; on leaving it nothing is exchanged.
    """
    skeleton: PreTrainedModel | None = getattr(model, "_skeleton", None)
    if skeleton is None:
        yield model
        return
    with torch.no_grad():
        weights = {name: gather(p) for name, p in model.named_parameters()}
    names = {id(p): name for name, p in skeleton.named_parameters()}
    buffers = dict(model.named_buffers())
    device = next(iter(buffers.values())).device if buffers else _device_of(model)
    names |= {id(b): name for name, b in skeleton.named_buffers()}

    def fill(tensor: torch.Tensor) -> torch.Tensor:
        name = names[id(tensor)]
        if isinstance(tensor, torch.nn.Parameter):
            return torch.nn.Parameter(weights.pop(name).to(device), requires_grad=False)
        buffer: torch.Tensor = buffers[name]
        return buffer

    yield _copy_with(skeleton, fill)


def _device_of(model: torch.nn.Module) -> torch.device:
    """Where a sharded model computes, which is not where its weights lie if they are offloaded."""
    parameter = next(model.parameters())
    if not isinstance(parameter, DTensor):
        return parameter.device
    kind = parameter.device_mesh.device_type
    return torch.device(kind, torch.cuda.current_device()) if kind == "cuda" else torch.device(kind)


def _copy_with(
    model: PreTrainedModel, replace: Callable[[torch.Tensor], torch.Tensor]
) -> PreTrainedModel:
    """A copy with other parameters and buffers; what is tied stays tied."""
    memo = {id(tensor): replace(tensor) for tensor in (*model.parameters(), *model.buffers())}
    return copy.deepcopy(model, memo)


def _to_meta(tensor: torch.Tensor) -> torch.Tensor:
    shape = tensor.detach().to("meta")
    return torch.nn.Parameter(shape, False) if isinstance(tensor, torch.nn.Parameter) else shape
