"""Models that are ready to translate: a run, a model directory or a hub id."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from t5tune.decoding.engines import AUTO, choose_export
from t5tune.decoding.translator import DecodingOptions, Translator
from t5tune.errors import T5TuneError
from t5tune.processes import are_several, from_first, only_first
from t5tune.progress import say, track
from t5tune.run_directory import RunDirectory

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from t5tune.decoding.exported import Export
    from t5tune.decoding.torch_translator import TorchTranslator
    from t5tune.models.sharing import Files
    from t5tune.recipe.schema import Recipe

# An export translates without torch and Transformers, which take seconds to import: functions
# import what they need of them.

# Key of our own in config.json: what a model directory has to tell wherever it is moved to.
SETTINGS_KEY = "t5tune"


# Without a limit of its own a model may generate twice as much as it reads, and this many more.
SPARE_TOKENS = 20
USUAL_LENGTH = 512  # tokens that models read at most, where they do not say


class OpenedTranslator(NamedTuple):
    """What translates, and how it searches unless it is told otherwise."""

    translator: Translator
    options: DecodingOptions
    name: str


@dataclass(frozen=True)
class LoadedModel:
    """A model that is ready to translate.

    Attributes:
        name: For the report: the run, the directory or the hub id.
        translator: With the model's prefix and languages set.
        tokenizer: Of the model.
        recipe: Of the run; None for a model that is no run.
        run: Where reports go; None for a model that is no run.
    """

    name: str
    translator: TorchTranslator
    tokenizer: PreTrainedTokenizerBase
    recipe: Recipe | None = None
    run: RunDirectory | None = None

    @property
    def options(self) -> DecodingOptions:
        """The search that the model's generation configuration asks for."""
        generation = self.translator.model.generation_config
        limit = generation.max_new_tokens
        if limit is None:
            limit = 2 * self.reading_length + SPARE_TOKENS
            positions = getattr(self.translator.model.config, "max_position_embeddings", None)
            limit = min(limit, positions or limit)
        return DecodingOptions(
            max_new_tokens=limit,
            num_beams=generation.num_beams or 1,
            length_penalty=generation.length_penalty or 1.0,
            no_repeat_ngram_size=generation.no_repeat_ngram_size or 0,
        )

    @property
    def reading_length(self) -> int:
        """Tokens of the longest source that the model is made for."""
        own = self.tokenizer.model_max_length
        return self.translator.max_source_length or (own if own < 1e6 else USUAL_LENGTH)

    @property
    def weights(self) -> str | None:
        """Which weights of its training these are; None for a model from elsewhere."""
        own: dict[str, Any] = getattr(self.translator.model.config, SETTINGS_KEY, None) or {}
        return own.get("weights")


def open_translator(
    name: str,
    *,
    engine: str = AUTO,
    source_lang: str | None = None,
    target_lang: str | None = None,
    prefix: str | None = None,
) -> OpenedTranslator:
    """What translates with a model, by the best engine that is there; named on stderr.

    Args:
        name: A run, the directory of an export, a model directory or a hub id.
        engine: See `t5tune.decoding.engines`.
        source_lang: For a model that is neither run nor export and needs it.
        target_lang: The same for the target.
        prefix: For a model that is neither; left out, the one that it was trained with.

    Raises:
        T5TuneError: There is no such model, or not that engine for it.
    """
    export = choose_export(name, engine)
    if export is not None:
        settings = export.settings
        return OpenedTranslator(open_export(export), settings.options, settings.name)
    model = load_for_translation(
        name, source_lang=source_lang, target_lang=target_lang, prefix=prefix
    )
    # A line of a megabyte must not take all memory, whatever the model itself allows.
    model.translator.max_source_length = model.reading_length
    say(f"engine: {model.translator.engine} ({model.translator.model.device})")
    return OpenedTranslator(model.translator, model.options, model.name)


def open_export(export: Export) -> Translator:
    """What translates with an export; named on stderr."""
    from t5tune.decoding.ctranslate2_translator import CTranslate2Translator

    translator = CTranslate2Translator(export)
    say(f"engine: {translator.engine}")
    if export.settings.tokenization["kind"] == "transformers":
        say("tokenizer: Transformers', which takes a while to import; this one needs it")
    return translator


def load_for_translation(
    name: str,
    *,
    source_lang: str | None = None,
    target_lang: str | None = None,
    prefix: str | None = None,
) -> LoadedModel:
    """Load a run, a model directory or a hub id.

    Args:
        name: Which one.
        source_lang: For a model that is no run and needs it.
        target_lang: The same for the target.
        prefix: For a model that is no run; left out, the one that it was trained with.

    Raises:
        T5TuneError: It is none of these, or a run that has no model yet.
    """
    run = RunDirectory(Path(name))
    if not run.is_run:
        return _load_bare_model(name, source_lang, target_lang, prefix)
    if not run.has_model:
        raise T5TuneError(
            f"{name} has no model yet: its training has not finished.",
            next_command=f"t5tune train {run.recipe} --output-dir {name}   # goes on",
        )
    from t5tune.decoding.torch_translator import TorchTranslator
    from t5tune.models.loading import load_model, load_tokenizer
    from t5tune.recipe.loading import load_recipe

    recipe = load_recipe(run.recipe)
    model = load_model(str(run.model)).to(default_device())
    tokenizer = load_tokenizer(str(run.model))
    translator = TorchTranslator(
        model,
        tokenizer,
        prefix=recipe.data.train.prefix or "",
        max_source_length=recipe.data.max_source_length,
        forced_bos_token_id=model.generation_config.forced_bos_token_id,
    )
    return LoadedModel(run.name, translator, tokenizer, recipe, run)


def _load_bare_model(
    name: str, source_lang: str | None, target_lang: str | None, prefix: str | None
) -> LoadedModel:
    from t5tune.decoding.torch_translator import TorchTranslator
    from t5tune.models.families import default_prefix, find_family, set_languages
    from t5tune.models.loading import load_model, load_tokenizer

    model = load_model(name).to(default_device())
    tokenizer = load_tokenizer(name)
    family = find_family(model.config.model_type)
    forced_bos = model.generation_config.forced_bos_token_id
    if family.has_language_tokens:
        forced_bos = set_languages(tokenizer, source_lang, target_lang)
    own: dict[str, Any] = getattr(model.config, SETTINGS_KEY, None) or {}
    if prefix is None:
        prefix = own.get("prefix")
    if prefix is None:
        prefix = default_prefix(
            model.config.model_type,
            "translation",
            source_lang,
            target_lang,
            is_byte_level=is_byte_level(tokenizer),
        )
    translator = TorchTranslator(
        model,
        tokenizer,
        prefix=prefix,
        max_source_length=own.get("max_source_length"),
        forced_bos_token_id=forced_bos,
    )
    return LoadedModel(name, translator, tokenizer)


def share_loaded_model(load: Callable[[], LoadedModel]) -> LoadedModel:
    """The model that the first process loads, in all of them.

    Args:
        load: Is called in the first process alone.
    """
    if not are_several():
        return load()
    from t5tune.models.sharing import share_weights

    loaded = only_first(load)
    copied = from_first(lambda: _describe(loaded))
    if loaded is None:
        loaded = _rebuild(copied)
    share_weights(loaded.translator.model)
    return loaded


@dataclass(frozen=True)
class _Description:
    """All of a `LoadedModel` but its weights."""

    name: str
    files: Files
    settings: dict[str, Any]
    recipe: Recipe | None
    run: RunDirectory | None
    device: str


def _describe(loaded: LoadedModel | None) -> _Description:
    from t5tune.models.sharing import pack_model

    assert loaded is not None
    translator = loaded.translator
    settings = {
        "prefix": translator.prefix,
        "max_source_length": translator.max_source_length,
        "forced_bos_token_id": translator.forced_bos_token_id,
    }
    files = pack_model(translator.model, loaded.tokenizer)
    device = translator.model.device.type
    return _Description(loaded.name, files, settings, loaded.recipe, loaded.run, device)


def _rebuild(copied: _Description) -> LoadedModel:
    from t5tune.decoding.torch_translator import TorchTranslator
    from t5tune.models.sharing import unpack_model

    model, tokenizer = unpack_model(copied.files)
    model = model.to(copied.device)
    translator = TorchTranslator(model, tokenizer, **copied.settings)
    return LoadedModel(copied.name, translator, tokenizer, copied.recipe, copied.run)


def is_byte_level(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether tokens are bytes, as ByT5's are."""
    return "ByT5" in type(tokenizer).__name__


def default_device() -> str:
    """The first accelerator, or the CPU."""
    import torch

    accelerator = torch.accelerator.current_accelerator()
    return accelerator.type if accelerator is not None else "cpu"


def translate_lines(
    model: LoadedModel | OpenedTranslator,
    lines: Sequence[str],
    *,
    num_beams: int | None = None,
    max_new_tokens: int | None = None,
) -> list[str]:
    """Translate lines of text; blank ones stay blank.

    Args:
        model: Gives the settings of the search.
        lines: Texts without line breaks.
        num_beams: Instead of the model's own.
        max_new_tokens: Instead of the model's own.

    Returns:
        One line for each line.
    """
    indices = [i for i, line in enumerate(lines) if line.strip()]
    options = replace(
        model.options,
        num_beams=num_beams or model.options.num_beams,
        max_new_tokens=max_new_tokens or model.options.max_new_tokens,
    )
    with track("translating", len(indices), "lines") as advance:
        hypotheses = model.translator.translate([lines[i] for i in indices], options, advance)
    warn_of_truncation(model.translator)
    translations = [""] * len(lines)
    for index, hypothesis in zip(indices, hypotheses, strict=True):
        translations[index] = hypothesis.text
    return translations


def warn_of_truncation(translator: Translator) -> None:
    if translator.num_truncated:
        say(
            f"{translator.num_truncated:,} sources were cut to the model's max_source_length; "
            "their translations lack the rest"
        )
