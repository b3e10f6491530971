"""Broadcasts the main process's model to the others, which then need neither files nor network."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import torch
from transformers import (
    AutoConfig,
    AutoModelForSeq2SeqLM,
    GenerationConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import GENERATION_CONFIG_NAME

from t5tune.distributed.processes import broadcast_tensor
from t5tune.models.adapters import has_adapter, inject
from t5tune.models.directories import ADAPTER_CONFIG
from t5tune.models.freezing import freeze
from t5tune.models.loading import load_tokenizer
from t5tune.models.ties import list_ties, untie

Files = dict[str, bytes]  # contents by path below a directory

_FROZEN = "frozen.json"  # names of the parameters that are not trained
_TIES = "ties.json"  # names of those that are another one too


def pack_model(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> Files:
    """Return everything of a model but its weights, in the files that it is saved as."""
    with tempfile.TemporaryDirectory() as directory:
        model.config.save_pretrained(directory)
        # `save_pretrained` would refuse settings that do not fit together.
        model.generation_config.to_json_file(Path(directory) / GENERATION_CONFIG_NAME)
        tokenizer.save_pretrained(directory)
        if has_adapter(model):
            (adapter,) = model.peft_config.values()
            adapter.save_pretrained(directory)
        frozen = [name for name, p in model.named_parameters() if not p.requires_grad]
        (Path(directory) / _FROZEN).write_text(json.dumps(frozen), encoding="utf-8")
        ties = sorted(list_ties(model))
        (Path(directory) / _TIES).write_text(json.dumps(ties), encoding="utf-8")
        root = Path(directory)
        paths = [path for path in root.rglob("*") if path.is_file()]
        return {str(path.relative_to(root)): path.read_bytes() for path in paths}


def unpack_model(files: Files) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Return a model with arbitrary weights, in evaluation mode, and its tokenizer."""
    with tempfile.TemporaryDirectory() as directory:
        for name, content in files.items():
            path = Path(directory) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        config = AutoConfig.from_pretrained(directory, trust_remote_code=False)
        model = AutoModelForSeq2SeqLM.from_config(config, dtype=torch.float32)
        model.generation_config = GenerationConfig.from_pretrained(directory)
        if (Path(directory) / ADAPTER_CONFIG).is_file():
            from peft import PeftConfig

            inject(model, PeftConfig.from_pretrained(directory))
        untie(model, json.loads((Path(directory) / _TIES).read_text(encoding="utf-8")))
        frozen = set(json.loads((Path(directory) / _FROZEN).read_text(encoding="utf-8")))
        freeze(p for name, p in model.named_parameters() if name in frozen)
        return model.eval(), load_tokenizer(directory)


def broadcast_weights(model: PreTrainedModel) -> None:
    """Broadcast parameters and buffers from the main process, in place."""
    for tensor in (*model.parameters(), *model.buffers()):
        broadcast_tensor(tensor)
