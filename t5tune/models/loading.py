"""Models and tokenizers from the hub or a directory."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import try_to_load_from_cache
from huggingface_hub.errors import StrictDataclassError
from transformers import (
    AutoConfig,
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging

from t5tune.errors import T5TuneError, did_you_mean
from t5tune.progress import say

# Their bars and warnings would break our display; what matters we say ourselves.
logging.set_verbosity_error()
logging.disable_progress_bar()


def load_config(
    name: str, *, revision: str | None = None, overrides: Mapping[str, Any] | None = None
) -> PreTrainedConfig:
    """Read a model's configuration.

    Args:
        name: Hub id or directory.
        revision: Branch, tag or commit on the hub.
        overrides: Fields to change; each has to be one that the configuration has.

    Raises:
        T5TuneError: It cannot be read, is no encoder-decoder model's, or lacks a field.
    """
    if not Path(name).is_dir():
        say(f"model: loading {name} from the hub or its cache")
    with _loading(name, "model"):
        config = AutoConfig.from_pretrained(name, revision=revision, trust_remote_code=False)
    if not config.is_encoder_decoder:
        raise T5TuneError(
            f"model.name: {name} is a {config.model_type} model, not an encoder-decoder one.",
            next_command="choose a T5, BART, Marian, mBART, NLLB, M2M100 or Pegasus model",
        )
    return apply_overrides(config, overrides or {})


def find_commit(name: str) -> str | None:
    """The commit of a hub id whose configuration has been loaded; None for a directory."""
    if Path(name).is_dir():
        return None
    path = try_to_load_from_cache(name, "config.json")
    # …/snapshots/COMMIT/config.json
    return Path(path).parent.name if isinstance(path, str) else None


def apply_overrides(config: PreTrainedConfig, overrides: Mapping[str, Any]) -> PreTrainedConfig:
    """Set fields of a configuration.

    Raises:
        T5TuneError: The configuration has no such field.
    """
    known = set(config.to_dict()) | set(getattr(config, "attribute_map", {}))
    for key, value in overrides.items():
        if key not in known:
            raise T5TuneError(
                f"model.config.{key}: a {config.model_type} configuration has no such field"
                f"{did_you_mean(key, known)}",
                next_command=f"correct or remove model.config.{key} in the recipe",
            )
        try:
            setattr(config, key, value)
        except (ValueError, TypeError, StrictDataclassError) as error:
            raise refuse_fields(error, f"model.config.{key}") from error
    return config


def refuse_fields(error: Exception, key: str = "model.config") -> T5TuneError:
    """One sentence for what a configuration or its model raises about changed fields."""
    reason = " ".join(str(error).split())[:300]
    return T5TuneError(
        f"{key}: the model does not take this: {reason}",
        next_command=f"correct or remove {key} in the recipe",
    )


def try_out(model: PreTrainedModel, overrides: Mapping[str, Any]) -> None:
    """Let a model with changed fields train and generate once, before that takes long.

    Args:
        model: Is left as it was, and so is the random state.
        overrides: The changed fields; without any nothing is tried.

    Raises:
        T5TuneError: It cannot.
    """
    if not overrides:
        return
    ids = torch.zeros((2, 3), dtype=torch.long)
    was_training = model.training
    try:
        with torch.random.fork_rng(), torch.no_grad():
            model.train()(input_ids=ids, decoder_input_ids=ids)
            model.eval().generate(ids, max_new_tokens=2, min_new_tokens=2)
    except Exception as error:  # of any kind: what a field means is the model's affair
        raise refuse_fields(error) from error
    finally:
        model.train(was_training)


def load_tokenizer(name: str, *, revision: str | None = None) -> PreTrainedTokenizerBase:
    """Load a tokenizer from the hub or a directory.

    Raises:
        T5TuneError: There is none, or it cannot be reached.
    """
    with _loading(name, "tokenizer"):
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            name, revision=revision, trust_remote_code=False
        )
    return tokenizer


def load_model(
    name: str, *, revision: str | None = None, config: PreTrainedConfig | None = None
) -> PreTrainedModel:
    """Load an encoder-decoder model with fp32 weights, in evaluation mode.

    The dtype is given because a model saved in half precision would else be trained in it.

    Raises:
        T5TuneError: The weights are missing, incomplete, or cannot be reached.
    """
    with _loading(name, "model"):
        model: PreTrainedModel = AutoModelForSeq2SeqLM.from_pretrained(
            name,
            revision=revision,
            config=config,
            dtype=torch.float32,
            trust_remote_code=False,
        )
    _align(model)
    return model.eval()


def _align(model: torch.nn.Module) -> None:
    """Move weights from where the file has them to where torch would have put them.

    Kernels may sum in another order where memory is aligned differently: a resumed run would
    differ from an uninterrupted one in the last digits.
    """
    for tensor in (*model.parameters(), *model.buffers()):
        if tensor.device.type == "cpu":
            tensor.data = tensor.data.clone()


@contextmanager
def _loading(name: str, what: str) -> Iterator[None]:
    """Turn the loaders' errors about missing or unreachable files into one sentence."""
    try:
        yield
    except (OSError, ValueError, KeyError, RuntimeError, pickle.UnpicklingError) as error:
        reason = str(error).strip().split("\n")[0][:300]
        if Path(name).is_dir():
            raise T5TuneError(
                f"{name}: the {what} in this directory could not be loaded: {reason}",
                next_command=f"ls {name}",
            ) from error
        raise T5TuneError(
            f"{name}: no directory of that name, and the {what} could not be loaded from the hub: "
            f"{reason}",
            next_command="check the name and the network; without a network, give the path of a "
            "directory that holds the model",
        ) from error
