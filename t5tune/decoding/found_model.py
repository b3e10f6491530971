"""Torch models whose weights may still be on disk: a run, a directory or a hub id."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from t5tune.console import say
from t5tune.data.text_normalizers import NORMALIZATIONS, choose_normalizer
from t5tune.decoding.loaded_model import LoadedModel, default_device
from t5tune.decoding.model_fingerprint import fingerprint_model
from t5tune.decoding.torch_translator import TorchTranslator
from t5tune.decoding.translator import DecodingOptions, options_of_recipe
from t5tune.errors import T5TuneError
from t5tune.files.json_values import as_object
from t5tune.models.directories import SETTINGS_KEY, check_run
from t5tune.models.families import (
    begin_texts,
    choose_prefix,
    find_family,
    is_byte_level,
    was_trained_with_prefixes,
)
from t5tune.models.input_settings import CHUNK, CUT, InputSettings
from t5tune.models.language_directions import list_directions
from t5tune.models.loading import find_commit, load_config, load_model, load_tokenizer
from t5tune.recipe.loading import load_resolved_recipe
from t5tune.recipe.resolved_recipe import ResolvedRecipe
from t5tune.recipe.sections.model_section import PretrainedModel
from t5tune.run.directory import RunDirectory

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedTokenizerBase

    from t5tune.decoding.export.settings import Export

SomeModel = TypeVar("SomeModel", bound="FoundModel")


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
    # Model that has the weights, for the same model with other settings.
    _owner: FoundModel | None = field(default=None, init=False, repr=False)

    def for_task(
        self,
        task: str,
        source_lang: str | None,
        target_lang: str | None,
        prefix: str | None,
        *,
        max_source_length: int | None,
    ) -> FoundModel:
        """Return the same model for another direction or task, with the same weights in memory.

        Args:
            task: Task as in a recipe.
            source_lang: Language of the sources, if they have one.
            target_lang: Language of the targets, if they have one.
            prefix: Prefix; None means the one that the family was pretrained with for the task.
            max_source_length: Length in tokens to which sources are cut.

        Raises:
            T5TuneError: The model needs languages and does not know these.
        """
        tokenizer = load_tokenizer(self.path, revision=self.revision)
        model_type = self.config.model_type
        beginning = begin_texts(model_type, tokenizer, source_lang, target_lang)
        if prefix is None:
            prefix = choose_prefix(model_type, tokenizer, task, source_lang, target_lang)
        settings = InputSettings(prefix, max_source_length, **asdict(beginning))
        other = FoundModel(self.name, self.path, self.revision, self.config, tokenizer, settings)
        other._owner = self
        return other

    def turned(self: SomeModel, source_lang: str | None, target_lang: str | None) -> SomeModel:
        """Return the same model in another of its directions, with the same weights in memory.

        Raises:
            T5TuneError: The languages name none of its directions, or several.
        """
        chosen = self.settings.choose(source_lang, target_lang)
        if chosen == self.settings.directions[0]:  # that of the settings
            return self
        tokenizer = load_tokenizer(self.path, revision=self.revision)
        beginning = begin_texts(self.config.model_type, tokenizer, *chosen.languages)
        settings = replace(self.settings.turned(chosen), **asdict(beginning))
        other = replace(self, tokenizer=tokenizer, settings=settings)
        other._owner = self
        return other

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
        if self._owner is not None:
            model = self._owner.load().translator.model
        else:
            model = load_model(self.path, revision=self.revision).to(default_device())
        translator = TorchTranslator(model, self.tokenizer, self.settings)
        return LoadedModel(self.name, translator, self.tokenizer, self._search)

    @property
    def _search(self) -> DecodingOptions | None:
        return None

    def identify(self, export: Export | None = None) -> dict[str, Any]:
        """Return what its hypotheses depend on besides decoding options and library versions.

        Args:
            export: Export that translates instead of the model.
        """
        directory = Path(self.path) if export is None else export.path
        of_hub = self.revision or uuid4().hex  # unknown content equals no other
        files = fingerprint_model(directory) if directory.is_dir() else of_hub
        return {
            "files": files,
            "precision": "float32",  # as `load_model` loads
            "device": default_device(),
            **self.settings.describe(),
            "source_lang": getattr(self.tokenizer, "src_lang", None),
            "target_lang": getattr(self.tokenizer, "tgt_lang", None),
        }


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
    """Find a run, a model directory or a hub id, and read everything except the weights.

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


def find_base_model(origin: PretrainedModel) -> FoundModel:
    """Find the model that a run started from, without languages and prefix.

    Raises:
        T5TuneError: It is damaged, or cannot be reached.
    """
    name = origin.name
    revision = find_commit(name, origin.revision)
    short_name = Path(name).name if Path(name).is_dir() else name
    config = load_config(name, revision=revision)
    tokenizer = load_tokenizer(name, revision=revision)
    return FoundModel(short_name, name, revision, config, tokenizer, InputSettings())


def find_run(run: RunDirectory) -> FoundRun:
    """Find the model of a run, and read everything except the weights.

    Raises:
        T5TuneError: The run is damaged, or has no model yet.
    """
    check_run(run)
    return find_model_of_run(run, load_resolved_recipe(run.recipe), run.model)


def find_model_of_run(run: RunDirectory, recipe: ResolvedRecipe, directory: Path) -> FoundRun:
    """Read everything except the weights of a run's model.

    Args:
        run: Run that trained the model.
        recipe: Resolved recipe of the run.
        directory: Directory of the model: the run's `model/`, or the one that becomes it.
    """
    config = load_config(str(directory))
    return FoundRun(
        run.name,
        str(directory),
        None,
        config,
        load_tokenizer(str(directory)),
        InputSettings(
            recipe.data.model_prefix,
            recipe.data.max_source_length,
            long_sources=recipe.data.long_sources,
            source_lang=recipe.source_lang,
            normalization=choose_normalizer(recipe.data.normalization, recipe.source_lang).names,
            directions=list_directions(
                recipe.data, (recipe.source_lang, recipe.target_lang), config.model_type
            ),
        ),
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
    has_both = source_lang is not None and target_lang is not None
    if find_family(config.model_type).has_language_tokens and not has_both:
        raise T5TuneError(
            f"{name} needs to know the languages of source and target.",
            next_command="--source-lang en --target-lang de",
        )
    beginning = begin_texts(config.model_type, tokenizer, source_lang, target_lang)
    own = as_object(getattr(config, SETTINGS_KEY, None))
    if prefix is None and isinstance(own.get("prefix"), str):
        prefix = own["prefix"]
    if prefix is None:
        prefix = choose_prefix(config.model_type, tokenizer, task, source_lang, target_lang)
        needs_one = was_trained_with_prefixes(config, is_byte_level=is_byte_level(tokenizer))
        if needs_one and not prefix and task == "translation":
            _ask_for_languages(name, has_languages=has_both)
    limit = own.get("max_source_length")
    max_source_length = limit if isinstance(limit, int) and limit > 0 else None
    long_sources = CHUNK if own.get("long_sources") == CHUNK else CUT
    language = source_lang or own.get("source_lang")
    names = tuple(name for name in own.get("normalization") or () if name in NORMALIZATIONS)
    settings = InputSettings(
        prefix,
        max_source_length,
        long_sources=long_sources,
        source_lang=language,
        normalization=names,
        **asdict(beginning),
    )
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
