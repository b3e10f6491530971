"""Opening a translator for a run, an export, a model directory or a hub id.

An export translates without torch and Transformers, which take seconds to import: functions here
import them only where there is no export.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from t5tune.console import say
from t5tune.decoding.engines import AUTO, TORCH_BF16, choose_export
from t5tune.decoding.opened_model import (
    ModelChoice,
    OpenedEngine,
    OpenedModel,
)
from t5tune.distributed.torch_import import bound_spinning
from t5tune.models.model_names import choose_model
from t5tune.models.permission import permission_for, permitting

if TYPE_CHECKING:
    from t5tune.decoding.ctranslate2_translator import CTranslate2Translator
    from t5tune.decoding.export.settings import Export


def load(
    model: str | Path | None = None,
    *,
    engine: str = AUTO,
    source_lang: str | None = None,
    target_lang: str | None = None,
    prefix: str | None = None,
    allow_code: bool = False,
    allow_pickle: bool = False,
    is_lazy: bool = False,
) -> OpenedModel:
    """Load a model to translate with, as `t5tune translate --model` does.

    The engine is named on stderr.

    Args:
        model: A run, a model directory, an export or a hub id; None means the newest finished run.
        engine: `auto`, `torch`, `torch-bf16`, `ctranslate2` or one export such as
            `ctranslate2-int8`.
        source_lang: Language of the sources, for a model that needs it and is neither a run
            nor an export, and for one that was trained in several directions.
        target_lang: Language of the translations, likewise.
        prefix: Prefix for a model that is neither; by default the one it was trained with.
        allow_code: Whether Python code that the model brings along may run; a run's own recipe has
            to want it too.
        allow_pickle: Whether weights that a model from elsewhere has only as a pickle may be read.
        is_lazy: Whether to open the model only when something is to be translated.

    Raises:
        T5TuneError: The model does not exist, or does not have that engine.
    """
    name = choose_model(None if model is None else os.fspath(model))
    choice = ModelChoice(name, engine, source_lang, target_lang, prefix, allow_code, allow_pickle)
    opened = OpenedModel(choice, _open)
    if not is_lazy:
        opened.open()
    return opened


def _open(choice: ModelChoice) -> OpenedEngine:
    """Open a model with the best engine that it has, and name that on stderr."""
    bound_spinning()
    export = choose_export(choice.name, choice.engine)
    languages = choice.source_lang, choice.target_lang
    if (
        export is not None
        and choice.engine == AUTO
        and export.path != Path(choice.name)
        and any(languages)
        and not export.settings.speaks(*languages)
    ):
        say(f"not used: {export.path} translates only from {export.settings.input.directions[0]}")
        export = None
    if export is not None:
        settings = export.settings
        translator = open_export(export)
        return OpenedEngine(translator, settings.options, settings.name, settings.patience)
    from t5tune.decoding.found_model import load_for_translation

    permission = permission_for(
        choice.name, allow_code=choice.allow_code, allow_pickle=choice.allow_pickle
    )
    with permitting(permission):
        loaded = load_for_translation(
            choice.name,
            source_lang=choice.source_lang,
            target_lang=choice.target_lang,
            prefix=choice.prefix,
        )
    # A line of a megabyte must not take all memory, whatever the model itself allows.
    loaded.translator.settings = replace(
        loaded.translator.settings, max_source_length=loaded.reading_length
    )
    if choice.engine == TORCH_BF16:
        loaded.translator.use_bf16()
    say(f"engine: {loaded.translator.engine} ({loaded.translator.model.device})")
    return OpenedEngine(loaded.translator, loaded.options, loaded.name)


def open_export(export: Export) -> CTranslate2Translator:
    """Open an export, and name it on stderr."""
    from t5tune.decoding.ctranslate2_translator import CTranslate2Translator

    translator = CTranslate2Translator(export)
    say(f"engine: {translator.engine}")
    if export.settings.tokenization["kind"] == "transformers":
        say("tokenizer: this export needs that of Transformers, which takes a while to import")
    return translator
