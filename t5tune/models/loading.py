"""Loads models and tokenizers from the hub or a directory."""

from __future__ import annotations

import os
import pickle
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import torch
import transformers
from huggingface_hub import try_to_load_from_cache
from safetensors import SafetensorError
from transformers import (
    MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING,
    MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING,
    MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING,
    AutoConfig,
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
)
from transformers.tokenization_utils_base import TOKENIZER_CONFIG_FILE
from transformers.utils import logging

from t5tune.console import track
from t5tune.errors import T5TuneError
from t5tune.files.json_values import as_object, read_object
from t5tune.hub import HubRepository, Snapshot, find_snapshot
from t5tune.hub.integrity import find_damaged_file
from t5tune.models.config_fields import apply_overrides
from t5tune.models.corrections import correct_model, has_wrong_unknown
from t5tune.models.directories import blaming_files, check_model, check_tokenizer
from t5tune.models.families import FAMILIES, find_family
from t5tune.models.generation import load_generation_config, read_needs
from t5tune.models.hub_files import (
    CONFIG,
    PICKLED,
    download_code,
    download_config,
    download_generation,
    download_tokenizer,
    download_weights,
    find_weights,
)
from t5tune.models.permission import current, refuse_code
from t5tune.models.pickled_weights import (
    WITHOUT_ADAPTER,
    check_parts,
    check_permitted,
    convert,
    describe_state,
    find_converted,
    find_pickle,
)

# Their bars and warnings would break our display; we report what matters ourselves.
logging.set_verbosity_error()
logging.disable_progress_bar()

# Pickled weights would start a thread that asks a public service to convert them, and so tells it
# the model's name.
os.environ["DISABLE_SAFETENSORS_CONVERSION"] = "1"

# ByT5's tokenizer warns of every text that contains the letters of its end token.
warnings.filterwarnings("ignore", message="This sequence already has")
# Marian's tokenizer, of a library for what it never does.
warnings.filterwarnings("ignore", message="Recommended: pip install sacremoses")

_IN_ONE_THREAD = "HF_DEACTIVATE_ASYNC_LOAD"  # Transformers then loads without a pool of threads

_OTHER_INPUTS = (
    (MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING, "audio"),
    (MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING, "images"),
)
_UNREADABLE = (SafetensorError, pickle.UnpicklingError)


def load_config(
    name: str, *, revision: str | None = None, overrides: Mapping[str, Any] | None = None
) -> PreTrainedConfig:
    """Read a model's configuration.

    All parts of a model on the hub need the same commit.

    Raises:
        T5TuneError: The configuration cannot be read, is not an encoder-decoder model's, lacks a
            field, or its directory is damaged.
    """
    check_model(Path(name))
    place = _fetch(name, revision, download_config)
    with _loading(name, "model"):
        config = AutoConfig.from_pretrained(name, **place)
    if (reason := _explain_refusal(config)) is not None:
        raise T5TuneError(
            f"model.name: {name} is a {config.model_type} model, {reason}.",
            next_command="choose a model of one of these families: "
            + ", ".join(family.title for family in FAMILIES if not family.fault),
        )
    return apply_overrides(config, overrides or {})


def _explain_refusal(config: PreTrainedConfig) -> str | None:
    """Return why a model cannot be trained to turn texts into texts; None if it can."""
    if not config.is_encoder_decoder:
        return "not an encoder-decoder one"
    if fault := find_family(config.model_type).fault:
        return fault
    brought = current().code and "AutoModelForSeq2SeqLM" in as_object(
        getattr(config, "auto_map", None)
    )
    if brought or type(config) in MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING:
        return None
    for mapping, inputs in _OTHER_INPUTS:
        if type(config) in mapping:
            return f"which reads {inputs}, and t5tune trains models that turn texts into texts"
    return "which does not turn texts into texts"


def find_commit(name: str, revision: str | None = None, *, key: str = "model.name") -> str | None:
    """Return the commit of a model on the hub; None for a directory.

    Its configuration is downloaded, which shows that this user may read its files, before hours of
    other work do. Messages name the key of the recipe, which is empty for a name that was typed;
    those about a commit keep the key that it was first found with.

    Raises:
        T5TuneError: The model or revision does not exist or cannot be reached.
    """
    if Path(name).is_dir():
        return None
    snapshot = find_snapshot(HubRepository("model", name, revision), key)
    snapshot.download([path for path in (CONFIG,) if path in snapshot.files])
    return snapshot.commit


def _fetch(name: str, revision: str | None, download: Callable[[Snapshot], None]) -> dict[str, Any]:
    """Download files of a model into the cache; return how `from_pretrained` finds them there."""
    place = {"local_files_only": True, "trust_remote_code": current().code}
    if Path(name).is_dir():
        return place
    snapshot = find_snapshot(HubRepository("model", name, revision), "model.name")
    if current().code:
        download_code(snapshot)
    download(snapshot)
    return {"revision": snapshot.commit, **place}


def _fetch_weights(name: str, revision: str | None) -> tuple[str, dict[str, Any]]:
    """Return where `from_pretrained` finds the weights, as safetensors, and how.

    Pickled weights are converted if the user permits it, and need no permission afterwards.
    """
    directory = Path(name)
    if directory.is_dir():
        pickle_, state = find_pickle(directory), describe_state(directory)
    else:
        snapshot = find_snapshot(HubRepository("model", name, revision), "model.name")
        directory, state = snapshot.folder, snapshot.commit
        first = find_weights(snapshot)
        pickle_ = first if first in PICKLED else None
    if pickle_ is None:
        place = _fetch(name, revision, download_weights)
        check_parts(name, directory)
        return name, place
    converted = find_converted(name, state)
    if converted is not None:
        return str(converted), _fetch(name, revision, download_generation)
    check_permitted(name, pickle_)
    place = _fetch(name, revision, download_weights)
    config = load_config(name, revision=revision)
    with track("converting the weights to safetensors"), _loading(name, "model"):
        return str(convert(name, state, config, place)), place


def load_tokenizer(name: str, *, revision: str | None = None) -> PreTrainedTokenizerBase:
    """Load a tokenizer from the hub or a directory.

    Raises:
        T5TuneError: The tokenizer is missing or cannot be reached, or its directory is damaged.
    """
    place = _fetch(name, revision, download_tokenizer)
    directory = Path(name)
    with track("loading the tokenizer"), _loading(name, "tokenizer"), blaming_files(directory):
        try:
            tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(name, **place)
        except Exception:  # the libraries raise all kinds of errors if a file is missing
            settings = _read_tokenizer_settings(name, place.get("revision"))
            if "AutoTokenizer" in as_object(settings.get("auto_map")) and not current().code:
                raise refuse_code(name, "tokenizer") from None
            kind = settings.get("tokenizer_class")
            check_tokenizer(directory, getattr(transformers, str(kind), None))
            raise
        if has_wrong_unknown(tokenizer):
            tokenizer = PreTrainedTokenizerFast.from_pretrained(name, **place)
    check_tokenizer(directory, type(tokenizer))
    return tokenizer


def _read_tokenizer_settings(name: str, revision: str | None) -> dict[str, Any]:
    if Path(name).is_dir():
        return read_object(Path(name) / TOKENIZER_CONFIG_FILE)
    return read_object(
        Path(str(try_to_load_from_cache(name, TOKENIZER_CONFIG_FILE, revision=revision)))
    )


def load_model(
    name: str, *, revision: str | None = None, config: PreTrainedConfig | None = None
) -> PreTrainedModel:
    """Load an encoder-decoder model with fp32 weights, in evaluation mode.

    The dtype is given because a model saved in half precision would otherwise be trained in it.

    Raises:
        NotAllowed: The weights are only in pickles, which the user has not permitted to read.
        T5TuneError: The weights are missing, incomplete, damaged, or cannot be reached.
    """
    check_model(Path(name))
    weights, place = _fetch_weights(name, revision)
    if weights != name and config is None:  # a converted copy has the configuration's values only
        config = load_config(name, revision=revision)
    with track("loading the weights"), _loading(name, "model"), blaming_files(Path(name)):
        load = partial(
            AutoModelForSeq2SeqLM.from_pretrained,
            weights,
            config=config,
            generation_config=load_generation_config(name, revision=place.get("revision")),
            dtype=torch.float32,
            use_safetensors=True,
            adapter_kwargs=WITHOUT_ADAPTER,
            **place,
        )
        model = _load_even_without_threads(load)
    model.generation_config.update(**read_needs(model.generation_config, model.config))
    _align(model)
    correct_model(model, PreTrainedConfig.get_config_dict(name, **place)[0])
    return model.eval()


def _load_even_without_threads(load: Callable[[], PreTrainedModel]) -> PreTrainedModel:
    """Load in the calling thread where memory is too short for the stacks of others."""
    try:
        return load()
    except RuntimeError as error:
        if "start new thread" not in str(error):
            raise
    os.environ[_IN_ONE_THREAD] = "1"
    try:
        return load()
    finally:
        del os.environ[_IN_ONE_THREAD]


def _align(model: torch.nn.Module) -> None:
    """Copy weights from the mapped file into memory that torch allocates.

    Kernels may sum in a different order if memory is aligned differently: a resumed run would then
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
    except (OSError, ValueError, KeyError, RuntimeError, EOFError, *_UNREADABLE) as error:
        if isinstance(error, ValueError) and "trust_remote_code" in str(error):
            raise refuse_code(name, what) from error
        reason = str(error).strip().split("\n")[0][:300]
        if Path(name).is_dir():
            raise T5TuneError(
                f"{name}: the {what} in this directory could not be loaded: {reason}",
                next_command=f"ls {name}",
            ) from error
        repository = HubRepository("model", name)
        if (damaged := find_damaged_file(repository)) is not None:
            raise T5TuneError(
                f"{name}: {damaged.name} in the cache is damaged, and the {what} could not be "
                "loaded.",
                next_command=f"rm -r {repository.cache}   # it is downloaded again",
            ) from error
        raise T5TuneError(
            f"{name}: the {what} could not be loaded: {reason}",
            next_command=f"see {repository.page}/tree/main   # its files",
        ) from error
