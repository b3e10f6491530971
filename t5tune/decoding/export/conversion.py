"""Conversion of a trained model to a directory that CTranslate2 translates with."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from ctranslate2.converters import TransformersConverter
from ctranslate2.converters.transformers import MarianMTLoader
from ctranslate2.specs.model_spec import OPTIONAL

from t5tune.console import track
from t5tune.data.side_encoding import choose_side
from t5tune.decoding.export.settings import (
    PATIENCE,
    ExportSettings,
    Turn,
    read_vocabularies,
    write_settings,
)
from t5tune.decoding.export.stored_tokenizer import PROBES, encodes_targets, write_tokenization
from t5tune.decoding.export.tokenization import (
    TransformersTokenization,
    find_around,
    load_tokenization,
    write_transformers,
)
from t5tune.decoding.torch_scoring import find_frame, find_start_token
from t5tune.decoding.translator import DecodingOptions
from t5tune.errors import T5TuneError
from t5tune.models.families import find_family
from t5tune.models.generation import read_needs

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from t5tune.decoding.torch_translator import TorchTranslator


class _MarianLoader(MarianMTLoader):
    """A loader that keeps the padding token, which Marian's decoder starts from.

    CTranslate2 starts from a zero vector instead. A downloaded model has zeros there, but
    training changes them, because the output layer is tied to the embeddings.
    """

    def set_decoder(self, spec: Any, decoder: Any) -> None:
        """Set the decoder as the base class does, but let it start from a token."""
        super().set_decoder(spec, decoder)
        spec.start_from_zero_embedding = False

    def _remove_pad_weights(self, spec: Any) -> None:
        """Remove nothing."""


class _Converter(TransformersConverter):
    """CTranslate2's converter for a model in memory, with its mistakes corrected."""

    def __init__(self, directory: Path, translator: TorchTranslator) -> None:
        super().__init__(str(directory))
        model = translator.model
        self.model = copy.deepcopy(model)  # quantizing multiplies the weights in place
        self.tokenizer = translator.tokenizer
        self.start: int | None = find_start_token(model, translator.settings)
        if _names_start(translator):
            self.start = None  # then it is the first token that a translation is told
        self.family = find_family(model.config.model_type)

    def load_model(self, *arguments: Any, **settings: Any) -> PreTrainedModel:
        """Return the model in memory instead of the directory's."""
        for field, value in self.family.ctranslate2_fields.items():
            setattr(self.model.config, field, value)
        return self.model

    def load_tokenizer(self, *arguments: Any, **settings: Any) -> PreTrainedTokenizerBase:
        """Return the tokenizer in memory instead of the directory's."""
        return self.tokenizer

    def _load(self) -> Any:
        if self.family.starts_from_padding:
            with torch.no_grad():
                spec = _MarianLoader()(self.load_model(), self.tokenizer)
        else:
            spec = super()._load()
        config = self.model.config
        if self.family.scales_outputs:
            # Since Transformers 5 every T5 says that its embeddings are tied, which CTranslate2
            # takes for the original T5's scaling; T5 1.1, Flan-T5 and mT5 do not scale.
            scales = getattr(config, "scale_decoder_outputs", False)
            spec.decoder.scale_outputs = config.d_model**-0.5 if scales else OPTIONAL
        sources = choose_side(self.tokenizer, as_target=False)
        targets = choose_side(self.tokenizer, as_target=True)
        tokens = list_tokens(targets, spec.get_target_vocabulary_size())
        # The converter's own lists lack tokens, and no public method removes a list.
        spec._vocabularies = {
            "source": [list_tokens(sources, spec.get_source_vocabulary_size()[0])],
            "target": [tokens],
        }
        spec.config.decoder_start_token = None if self.start is None else tokens[self.start]
        if spec.config.bos_token is None:  # mBART-50's tokenizer has none, and loading needs one
            needs = read_needs(self.model.generation_config, config)
            spec.config.bos_token = tokens[needs.get("bos_token_id", self.tokenizer.eos_token_id)]
        return spec


def list_tokens(tokenizer: PreTrainedTokenizerBase, num_tokens: int) -> list[str]:
    """Return a unique name for every row of the embeddings, the tokenizer's if it has one."""
    named = min(num_tokens, len(tokenizer))
    tokens: dict[str, None] = {}  # in order, and each once
    for number, token in enumerate(tokenizer.convert_ids_to_tokens(list(range(named)))):
        tokens[f"<unused {number}>" if token is None or token in tokens else token] = None
    return [*tokens, *(f"<unused {number}>" for number in range(named, num_tokens))]


@track("export: converting the model")
def convert_model(
    translator: TorchTranslator,
    options: DecodingOptions,
    directory: Path,
    *,
    model_directory: Path,
    quantization: str,
    name: str,
    fingerprint: str,
    sources: Sequence[str],
    patience: float = PATIENCE,
) -> ExportSettings:
    """Write the weights, the tokenizer and the settings.

    Args:
        translator: The model with its tokenizer and languages; its model is moved to the CPU.
        options: Search of the run.
        directory: Directory to write to; it is created.
        model_directory: Directory with the model's `config.json`, which has the fingerprint.
        quantization: See `ExportSettings`, like name, fingerprint and patience.
        sources: Texts that the stored tokenizer must encode and decode like the model's, whatever
            the direction.

    Raises:
        T5TuneError: CTranslate2 cannot convert the model.
    """
    model, tokenizer = translator.model.to("cpu"), translator.tokenizer
    directions = translator.settings.directions
    if _have_tokens(translator):  # said by the settings, not by the model's own configuration
        translator.use_direction(*directions[0].languages)
    try:
        _Converter(model_directory, translator).convert(str(directory), quantization=quantization)
    except Exception as error:  # any error: the converter checks little beforehand
        if isinstance(error, OSError):
            raise
        reason = " ".join(str(error).split()).split(" (supported")[0][:200]
        raise T5TuneError(
            f"CTranslate2 cannot convert this {model.config.model_type} model: {reason}",
            next_command=f"t5tune translate --engine torch --model {model_directory.parent}",
        ) from error
    _, tokens = read_vocabularies(directory)
    texts = translator.settings.add_prefixes(sources)
    tokenization = write_tokenization(tokenizer, directory, texts)
    turns, is_exact = _describe_turns(translator, directory, tokenization, texts)
    if not is_exact:
        tokenization = write_transformers(tokenizer, directory)
    targets = None
    if encodes_targets(tokenizer, directory, tokenization, sources):
        targets = asdict(find_frame(model, tokenizer, translator.settings.forced_bos_token_id))
    else:
        turns = [replace(turn, targets=None) for turn in turns]
    settings = ExportSettings(
        name=name,
        quantization=quantization,
        model=fingerprint,
        **asdict(translator.settings),
        eos_token_id=int(tokenizer.eos_token_id),
        tokenization=tokenization,
        decoding=asdict(options),
        constraints=find_constraints(read_needs(model.generation_config, model.config), tokens),
        patience=patience,
        targets=targets,
        turns=[asdict(turn) for turn in turns],
    )
    write_settings(settings, directory)
    return settings


def _have_tokens(translator: TorchTranslator) -> bool:
    """Return whether the model has several directions that tokens name."""
    return any(one.has_tokens for one in translator.settings.directions)


def _names_start(translator: TorchTranslator) -> bool:
    """Return whether the first token of the decoder names the direction, as in the first mBART."""
    return _have_tokens(translator) and translator.settings.decoder_start_token_id is not None


def _describe_turns(
    translator: TorchTranslator,
    directory: Path,
    tokenization: dict[str, Any],
    texts: Sequence[str],
) -> tuple[list[Turn], bool]:
    """Return what tells the model each of its directions, where tokens name languages.

    Returns:
        The turns, and whether the stored tokenizer encodes the texts in each as the model's own.
    """
    turns, is_exact = list[Turn](), True
    if not _have_tokens(translator):
        return turns, is_exact
    directions = translator.settings.directions
    texts, own = [*texts, *PROBES], load_tokenization(directory, tokenization)
    for direction in directions:
        translator.use_direction(*direction.languages)
        beginning = translator.settings.beginning
        frame = find_frame(translator.model, translator.tokenizer, beginning.forced_bos_token_id)
        reference = TransformersTokenization(translator.tokenizer)
        around = find_around(reference)
        own.surround(*around)
        is_exact = is_exact and own.encode(texts) == reference.encode(texts)
        turns.append(Turn(*around, **asdict(beginning), targets=asdict(frame)))
    translator.use_direction(*directions[0].languages)
    return turns, is_exact


def find_constraints(needs: Mapping[str, Any], tokens: Sequence[str]) -> dict[str, Any]:
    """Return the tokens that a family never generates, as arguments of CTranslate2.

    Args:
        needs: Result of `read_needs`.
        tokens: Tokens of the targets' vocabulary, in the order of their ids.
    """
    end = needs.get("eos_token_id")
    never = [ids for ids in needs.get("bad_words_ids", []) if ids != [end]]  # as `generate` does
    never += [[number] for number in needs.get("suppress_tokens", [])]
    if not never:
        return {}
    return {"suppress_sequences": [[tokens[number] for number in ids] for ids in never]}
