"""Torch models whose weights are in memory, in one process or in several."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from t5tune.decoding.torch_translator import TorchTranslator
from t5tune.decoding.translator import DecodingOptions
from t5tune.distributed.processes import (
    are_several,
    broadcast_result,
    is_main_process,
    on_main_process,
)
from t5tune.files.json_values import as_object
from t5tune.models.broadcasting import Files, broadcast_weights, pack_model, unpack_model
from t5tune.models.directories import SETTINGS_KEY
from t5tune.models.generation import SEARCH
from t5tune.models.input_settings import InputSettings
from t5tune.models.positions import find_positions

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedTokenizerBase

# A model without a limit of its own may generate twice as many tokens as it reads, plus these.
SPARE_TOKENS = 20
USUAL_LENGTH = 512  # most tokens that a model reads if its configuration has no limit


@dataclass(frozen=True)
class LoadedModel:
    """A model that is ready to translate.

    Attributes:
        name: Name in reports: the run, the directory or the hub id.
        translator: Translator with the model's prefix and languages set.
        tokenizer: Tokenizer of the model.
        search: Search of the run's recipe; None for a model that is not a run.
    """

    name: str
    translator: TorchTranslator
    tokenizer: PreTrainedTokenizerBase
    search: DecodingOptions | None = None

    @property
    def options(self) -> DecodingOptions:
        """Search of the run's recipe; for a model that is not a run, its own search."""
        if self.search is not None:
            return self.search
        generation = self.translator.model.generation_config
        own = {key: getattr(generation, key, None) for key in SEARCH}
        given = {key: value for key, value in own.items() if value is not None}
        return DecodingOptions(**{"num_beams": 1, **given, "max_new_tokens": self._limit})

    @property
    def _limit(self) -> int:
        """Number of tokens of the longest translation, if no recipe sets it."""
        generation = self.translator.model.generation_config
        if generation.max_new_tokens is not None:
            return int(generation.max_new_tokens)
        if generation.max_length is not None:
            return max(1, int(generation.max_length) - 1)  # max_length counts the start token
        limit = 2 * self.reading_length + SPARE_TOKENS
        positions = find_positions(self.translator.model.config, "decoder")
        return limit if positions is None else min(limit, positions)

    @property
    def reading_length(self) -> int:
        """Number of tokens of the longest source that the model is made for."""
        own = self.tokenizer.model_max_length
        return self.translator.max_source_length or (own if own < 1e6 else USUAL_LENGTH)

    def translate_sentence(self, sentence: str) -> str:
        """Return the best translation of a sentence; a blank one stays blank."""
        if not sentence.strip():
            return ""
        (best,) = self.translator.translate([sentence], self.options)
        return best.text


def broadcast_model(load: Callable[[], LoadedModel]) -> LoadedModel:
    """Load a model on the main process and return it on all processes.

    Args:
        load: Function that loads the model; only the main process calls it.
    """
    if not are_several():
        return load()
    own = on_main_process(load)
    copied = broadcast_result(lambda: _describe(own.get()))
    loaded = own.get() if is_main_process() else _rebuild(copied)
    broadcast_weights(loaded.translator.model)
    return loaded


@dataclass(frozen=True)
class _Description:
    """Everything in a `LoadedModel` except its weights."""

    name: str
    files: Files
    settings: InputSettings
    search: DecodingOptions | None
    device: str


def _describe(loaded: LoadedModel) -> _Description:
    translator = loaded.translator
    files = pack_model(translator.model, loaded.tokenizer)
    device = translator.model.device.type
    return _Description(loaded.name, files, translator.settings, loaded.search, device)


def _rebuild(copied: _Description) -> LoadedModel:
    model, tokenizer = unpack_model(copied.files)
    model = model.to(copied.device)
    translator = TorchTranslator(model, tokenizer, copied.settings)
    return LoadedModel(copied.name, translator, tokenizer, copied.search)


def read_weights_label(config: PreTrainedConfig) -> str | None:
    """Return the label of a model's weights in its training; None for a model from elsewhere."""
    weights = as_object(getattr(config, SETTINGS_KEY, None)).get("weights")
    return None if weights is None else str(weights)


def default_device() -> str:
    """Return the type of the accelerator, or `cpu`."""
    import torch

    accelerator = torch.accelerator.current_accelerator()
    return accelerator.type if accelerator is not None else "cpu"
