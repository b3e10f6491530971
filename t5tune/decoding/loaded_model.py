"""Torch models, loaded or with their weights still on disk: a run, a directory or a hub id."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from t5tune.console import say
from t5tune.data.encoding import encode_texts
from t5tune.decoding.model_fingerprint import fingerprint_model
from t5tune.decoding.torch_translator import TorchTranslator
from t5tune.decoding.translator import DecodingOptions, options_of_recipe
from t5tune.distributed.processes import (
    are_several,
    broadcast_result,
    is_main_process,
    on_main_process,
)
from t5tune.errors import T5TuneError
from t5tune.files.json_values import as_object
from t5tune.models.broadcasting import Files, broadcast_weights, pack_model, unpack_model
from t5tune.models.directories import SETTINGS_KEY, check_run
from t5tune.models.families import (
    default_prefix,
    find_family,
    is_byte_level,
    set_languages,
    was_trained_with_prefixes,
)
from t5tune.models.generation import SEARCH
from t5tune.models.input_settings import InputSettings
from t5tune.models.loading import find_commit, load_config, load_model, load_tokenizer
from t5tune.recipe.loading import load_resolved_recipe
from t5tune.recipe.resolved_recipe import ResolvedData, ResolvedRecipe
from t5tune.recipe.schema import PretrainedModel
from t5tune.run.directory import RunDirectory

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
        positions = getattr(self.translator.model.config, "max_position_embeddings", None)
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

    @property
    def weights(self) -> str | None:
        """Label of these weights in their training; None for a model from elsewhere."""
        return read_weights_label(self.translator.model.config)


@dataclass
class FoundModel:
    """A model whose weights are loaded when they are needed, and then kept in memory.

    Attributes:
        name: Name in reports; see `LoadedModel`.
        path: Directory or hub id to load from.
        revision: Commit on the hub, for a model of the hub.
        config: Configuration of the model.
        tokenizer: Tokenizer of the model, with its languages set.
        settings: Input settings of the model.
    """

    name: str
    path: str
    revision: str | None
    config: PreTrainedConfig
    tokenizer: PreTrainedTokenizerBase
    settings: InputSettings
    _loaded: LoadedModel | None = field(default=None, init=False, repr=False)

    def load(self) -> LoadedModel:
        """Load the weights, or return what an earlier call has loaded.

        Raises:
            T5TuneError: The weights are missing or incomplete, or cannot be reached.
        """
        if self._loaded is None:
            self._loaded = self._load()
        return self._loaded

    @property
    def is_loaded(self) -> bool:
        """Whether the weights are in memory."""
        return self._loaded is not None

    def _load(self) -> LoadedModel:
        model = load_model(self.path, revision=self.revision).to(default_device())
        translator = TorchTranslator(model, self.tokenizer, self.settings)
        return LoadedModel(self.name, translator, self.tokenizer, self._search)

    @property
    def _search(self) -> DecodingOptions | None:
        return None

    def identify(self) -> dict[str, Any]:
        """Return what its hypotheses depend on besides decoding options and library versions."""
        directory = Path(self.path)
        of_hub = self.revision or uuid4().hex  # unknown content equals no other
        files = fingerprint_model(directory) if directory.is_dir() else of_hub
        return {
            "files": files,
            "precision": "float32",  # as `load_model` loads
            "device": default_device(),
            **asdict(self.settings),
            "source_lang": getattr(self.tokenizer, "src_lang", None),
            "target_lang": getattr(self.tokenizer, "tgt_lang", None),
        }

    def find_cut(self, sources: Sequence[str]) -> list[bool]:
        """Return for each source whether it is longer than `max_source_length`."""
        limit = self.settings.max_source_length
        if limit is None:
            return [False] * len(sources)
        texts = self.settings.add_prefix(sources)
        encoded, _ = encode_texts(texts, self.tokenizer, max_length=None)
        return [len(ids) > limit for ids in encoded]


@dataclass(kw_only=True)
class FoundRun(FoundModel):
    """The model of a run.

    Attributes:
        recipe: Recipe of the run.
        run: Run that reports are written to.
    """

    recipe: ResolvedRecipe
    run: RunDirectory

    @property
    def _search(self) -> DecodingOptions:
        decoding = self.recipe.decoding
        return options_of_recipe(decoding, decoding.max_new_tokens)


def load_for_translation(
    name: str,
    *,
    source_lang: str | None = None,
    target_lang: str | None = None,
    prefix: str | None = None,
) -> LoadedModel:
    """Load a run, a model directory or a hub id. Arguments and errors as in `find_model`."""
    found = find_model(name, source_lang=source_lang, target_lang=target_lang, prefix=prefix)
    return found.load()


def find_model(
    name: str,
    *,
    source_lang: str | None = None,
    target_lang: str | None = None,
    prefix: str | None = None,
    task: str = "translation",
) -> FoundModel:
    """Find a run, a model directory or a hub id, and read everything but the weights.

    Args:
        name: Run, model directory or hub id.
        source_lang: Language of the sources, for a model that is not a run and needs it.
        target_lang: Language of the targets, likewise.
        prefix: Prefix for a model that is not a run; by default the one it was trained with.
        task: Task of a model that is not a run, as in a recipe.

    Raises:
        T5TuneError: It is none of these, is damaged, is a run without a model yet, or needs its
            languages or its prefix.
    """
    run = RunDirectory(Path(name))
    if run.is_run:
        return find_run(run)
    return _find_bare_model(name, task, source_lang, target_lang, prefix)


def find_run(run: RunDirectory) -> FoundRun:
    """Find the model of a run, and read everything but the weights.

    Raises:
        T5TuneError: The run is damaged, or has no model yet.
    """
    check_run(run)
    return find_model_of_run(run, load_resolved_recipe(run.recipe), run.model)


def find_model_of_run(run: RunDirectory, recipe: ResolvedRecipe, directory: Path) -> FoundRun:
    """Read everything but the weights of a run's model.

    Args:
        run: Run that trained the model.
        recipe: Resolved recipe of the run.
        directory: Directory of the model: the run's `model/`, or the one that becomes it.
    """
    return FoundRun(
        run.name,
        str(directory),
        None,
        load_config(str(directory)),
        load_tokenizer(str(directory)),
        InputSettings(recipe.data.train.prefix, recipe.data.max_source_length),
        recipe=recipe,
        run=run,
    )


def _find_bare_model(
    name: str, task: str, source_lang: str | None, target_lang: str | None, prefix: str | None
) -> FoundModel:
    revision = find_commit(
        name, key=""
    )  # one commit for all parts, even if the hub gets a new one meanwhile
    config = load_config(name, revision=revision)
    tokenizer = load_tokenizer(name, revision=revision)
    forced_bos = None
    has_both = source_lang is not None and target_lang is not None
    if find_family(config.model_type).has_language_tokens:
        if not has_both:
            raise T5TuneError(
                f"{name} needs to know the languages of source and target.",
                next_command="--source-lang en --target-lang de",
            )
        forced_bos = set_languages(tokenizer, source_lang, target_lang)
    own = as_object(getattr(config, SETTINGS_KEY, None))
    if prefix is None and isinstance(own.get("prefix"), str):
        prefix = own["prefix"]
    if prefix is None:
        is_bytes = is_byte_level(tokenizer)
        prefix = default_prefix(
            config.model_type, task, source_lang, target_lang, is_byte_level=is_bytes
        )
        needs_one = was_trained_with_prefixes(config, is_byte_level=is_bytes)
        if needs_one and not prefix and task == "translation":
            _ask_for_languages(name, has_languages=has_both)
    limit = own.get("max_source_length")
    max_source_length = limit if isinstance(limit, int) and limit > 0 else None
    settings = InputSettings(prefix, max_source_length, forced_bos)
    return FoundModel(name, name, revision, config, tokenizer, settings)


def _ask_for_languages(name: str, *, has_languages: bool) -> None:
    """Ask for the languages that a prefix names, or say that no prefix names this pair."""
    if has_languages:
        say(
            f'model: {name} was trained with prefixes such as "translate English to German: ", but '
            "with none for these languages; texts get no prefix (--prefix TEXT sets one)"
        )
        return
    raise T5TuneError(
        f"{name} was trained with prefixes that name the task, such as "
        '"translate English to German: ", and needs the languages for that.',
        next_command="--source-lang en --target-lang de   # or --prefix TEXT, '' for texts that "
        "have theirs",
    )


def load_base_model(
    origin: PretrainedModel, data: ResolvedData, source_lang: str | None, target_lang: str | None
) -> LoadedModel:
    """Load the model that a run started from, as the run used it before its first step.

    Args:
        origin: Model that the run started from.
        data: Data of the run; prefix and lengths are taken from it.
        source_lang: Language of the sources.
        target_lang: Language of the targets.

    Raises:
        T5TuneError: The model cannot be loaded, or does not know the languages.
    """
    name = origin.name
    revision = find_commit(name, origin.revision)
    tokenizer = load_tokenizer(name, revision=revision)
    model = load_model(name, revision=revision).to(default_device())
    forced_bos = None
    if find_family(model.config.model_type).has_language_tokens:
        forced_bos = set_languages(tokenizer, source_lang, target_lang)
    settings = InputSettings(data.train.prefix, data.max_source_length, forced_bos)
    translator = TorchTranslator(model, tokenizer, settings)
    short_name = Path(name).name if Path(name).is_dir() else name
    return LoadedModel(short_name, translator, tokenizer)


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
    """Everything in a `LoadedModel` but its weights."""

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
