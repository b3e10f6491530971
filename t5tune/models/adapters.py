"""Adapters of peft inside a model: adding, saving, merging.

They are injected into the model, which keeps its class, its forward and its two stacks, so that
loss, packing, validation and checkpoints need not know of them.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import xxhash
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from transformers import PreTrainedModel

from t5tune.distributed.sharded_tensors import num_elements
from t5tune.errors import T5TuneError, did_you_mean

if TYPE_CHECKING:
    from t5tune.recipe.sections.adapter_section import AdapterSection

FILE = "adapter.safetensors"  # in a checkpoint: trained tensors by the names of the parameters
_ADAPTER_WEIGHTS = "adapter_model.safetensors"  # peft's name
_PEFT_PREFIX = "base_model.model."  # before the names in peft's own files
_INNER = "base_layer"  # peft's name for the layer that an adapter surrounds

# IA³ scales keys, values, and what the last layer of the feed-forward reads (Liu et al. 2022,
# section 3.3). These are their names in the families of Transformers.
_KEYS_AND_VALUES = ("k", "v", "k_proj", "v_proj", "key", "value")
_OTHER_PARTS = {"router", "vision_tower", "multi_modal_projector"}
_LAST_OF_FEED_FORWARD = ("wo", "fc2", "down_proj")


def has_adapter(model: torch.nn.Module) -> bool:
    """Return whether a model has an adapter."""
    return getattr(model, "peft_config", None) is not None


def is_adapted(module: torch.nn.Module) -> bool:
    """Return whether a layer has an adapter inside, so that its own weights are not everything."""
    return any(hasattr(part, _INNER) for part in module.modules())


def find_targets(model: PreTrainedModel, kind: str) -> list[str]:
    """Return the layers that get an adapter by default, by the last part of their names.

    LoRA comes close to full fine-tuning only if all linear layers have it (Dettmers et al. 2023,
    section 4); IA³ has the layers of its paper.

    Raises:
        T5TuneError: The model has no layers of these names.
    """
    found = {name.rpartition(".")[2] for name, _ in _linear_layers(model)}
    if kind == "ia3":
        found &= {*_KEYS_AND_VALUES, *_LAST_OF_FEED_FORWARD}
    if not found:
        raise T5TuneError(
            f"model.adapter: t5tune does not know the layers of {model.config.model_type} that "
            f"{kind} adapts.",
            next_command="name them in model.adapter.targets",
        )
    return sorted(found)


def add_adapter(model: PreTrainedModel, section: AdapterSection, *, seed: int) -> None:
    """Add an adapter to a model in place; from then on only the adapter is trained.

    Its initial values depend on nothing but the seed, and the random state stays as it is.

    Args:
        model: Model with the weights that it was loaded with, on a CPU.
        section: Section of the recipe, with its targets.
        seed: Seed of the initial values.

    Raises:
        T5TuneError: A target does not exist or cannot have an adapter.
    """
    targets = section.targets or find_targets(model, section.type)
    _check_targets(model, targets)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        inject(model, _build_config(model, section, targets))


def inject(model: PreTrainedModel, config: Any) -> None:
    """Add the adapter that a configuration of peft describes, in the model's own mode."""
    from peft import inject_adapter_in_model

    inject_adapter_in_model(config, model)
    model.train(model.training)


def _build_config(model: PreTrainedModel, section: AdapterSection, targets: Sequence[str]) -> Any:
    from peft import IA3Config, LoraConfig

    shared: dict[str, Any] = {"target_modules": list(targets), "task_type": "SEQ_2_SEQ_LM"}
    parts = {part for name, _ in model.named_modules() for part in name.split(".")}
    if apart := sorted(_OTHER_PARTS & parts):  # peft warns of parts that a model does not have
        shared["exclude_modules"] = rf".*\b({'|'.join(apart)})\b.*"
    if section.type == "ia3":
        last = [name for name in targets if name.rpartition(".")[2] in _LAST_OF_FEED_FORWARD]
        return IA3Config(**shared, feedforward_modules=last)
    return LoraConfig(
        **shared,
        r=section.r,
        lora_alpha=section.scale,
        lora_dropout=section.dropout,
        use_dora=section.type == "dora",
    )


def _linear_layers(model: PreTrainedModel) -> Iterator[tuple[str, torch.nn.Module]]:
    """Yield the layers that may have an adapter.

    The output layer may not: it is often the embeddings too, which a merged adapter would change.
    Nor may routers of experts, and what reads images, in T5Gemma 2.
    """
    for name, module in model.named_modules():
        is_output = module is model.get_output_embeddings()
        if type(module) is torch.nn.Linear and not _lies_apart(name) and not is_output:
            yield name, module


def _lies_apart(name: str) -> bool:
    return bool(_OTHER_PARTS & set(name.split(".")))


def _check_targets(model: PreTrainedModel, targets: Sequence[str]) -> None:
    allowed = dict(_linear_layers(model))
    for target in targets:
        matching = [
            name
            for name, _ in model.named_modules()
            if (name == target or name.endswith(f".{target}")) and not _lies_apart(name)
        ]
        if matching and all(name in allowed for name in matching):
            continue
        known = sorted({name.rpartition(".")[2] for name in allowed})
        what = "has no layer" if not matching else "cannot have an adapter on"
        raise T5TuneError(
            f"model.adapter.targets: {model.config.model_type} {what} {target}"
            f"{did_you_mean(target, known)}",
            next_command=f"choose from its linear layers: {', '.join(known)}",
        )


def trained_tensors(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Return the weights that are trained, by the names of the parameters."""
    return {name: p.detach() for name, p in model.named_parameters() if p.requires_grad}


def count_trained(model: torch.nn.Module) -> int | None:
    """Return the number of parameters that are trained; None if these are all."""
    counts = [(num_elements(p), p.requires_grad) for p in model.parameters()]
    num = sum(count for count, is_trained in counts if is_trained)
    return None if num == sum(count for count, _ in counts) else num


def save_trained(model: PreTrainedModel, directory: Path) -> None:
    """Write what a checkpoint needs of a model with an adapter: no weights but the trained ones."""
    model.config.save_pretrained(directory)
    model.generation_config.save_pretrained(directory)
    tensors = {name: t.cpu().contiguous() for name, t in trained_tensors(model).items()}
    save_file(tensors, directory / FILE, metadata={"format": "pt"})


def load_trained(model: PreTrainedModel, checkpoint: Path) -> None:
    """Give a model the trained weights of a checkpoint.

    Raises:
        T5TuneError: The file is missing or damaged, or does not fit the model.
    """
    try:
        tensors = load_file(checkpoint / FILE)
    except (OSError, SafetensorError):
        tensors = {}
    parameters = {name: p for name, p in model.named_parameters() if p.requires_grad}
    if {n: t.shape for n, t in tensors.items()} != {n: p.shape for n, p in parameters.items()}:
        raise T5TuneError(
            f"{checkpoint / FILE} does not hold the adapter of this model.",
            next_command="the same command with --restart   # trains in a new directory beside it",
        )
    with torch.no_grad():
        for name, tensor in tensors.items():
            parameters[name].copy_(tensor)


def save_for_peft(model: PreTrainedModel, directory: Path, base: str, revision: str | None) -> None:
    """Write the adapter as `PeftModel.from_pretrained(model, directory)` reads it."""
    from peft import get_peft_model_state_dict

    (config,) = copy.deepcopy(model.peft_config).values()
    config.base_model_name_or_path, config.revision = base, revision
    config.inference_mode = True
    for name in ("target_modules", "feedforward_modules"):  # sets, written in any order
        if hasattr(config, name):
            setattr(config, name, sorted(getattr(config, name)))
    config.save_pretrained(directory)
    tensors = get_peft_model_state_dict(model, save_embedding_layers=False)
    named = {f"{_PEFT_PREFIX}{name}": t.cpu().contiguous() for name, t in tensors.items()}
    save_file(named, directory / _ADAPTER_WEIGHTS, metadata={"format": "pt"})


def merge_adapter(model: PreTrainedModel) -> None:
    """Turn a model with an adapter into a plain one that computes the same."""
    layers = dict(_adapted_layers(model))
    for name, layer in layers.items():
        layer.merge()
        model.set_submodule(name, layer.get_base_layer())
    del model.peft_config


def plain_state_dict(model: PreTrainedModel) -> Mapping[str, torch.Tensor]:
    """Return the weights under the names that they have in a model without an adapter."""
    state: Mapping[str, torch.Tensor] = model.state_dict()
    if not has_adapter(model):
        return state
    adapted = tuple(f"{name}." for name, _ in _adapted_layers(model))
    inner = f".{_INNER}."
    return {
        name.replace(inner, "."): tensor
        for name, tensor in state.items()
        if inner in name or not name.startswith(adapted)
    }


def _adapted_layers(model: torch.nn.Module) -> Iterator[tuple[str, Any]]:
    from peft.tuners.tuners_utils import BaseTunerLayer

    for name, module in model.named_modules():
        if isinstance(module, BaseTunerLayer):
            yield name, module


def fingerprint_weights(model: torch.nn.Module) -> str:
    """Return a hash of all weights and buffers, by their names."""
    digest = xxhash.xxh3_128()
    for name, tensor in model.state_dict().items():
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        digest.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy())
    return digest.hexdigest()
