"""Opening a translator for a run, an export, a model directory or a hub id.

An export translates without torch and Transformers, which take seconds to import: functions here
import them only where there is no export.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from t5tune.console import say, track
from t5tune.decoding.engines import AUTO, TORCH_BF16, choose_export
from t5tune.decoding.opened_model import OpenedModel, warn_of_truncation
from t5tune.decoding.translator import Translator
from t5tune.models.model_names import choose_model

if TYPE_CHECKING:
    from t5tune.decoding.export.settings import Export
    from t5tune.decoding.loaded_model import LoadedModel


def load(
    model: str | Path | None = None,
    *,
    engine: str = AUTO,
    source_lang: str | None = None,
    target_lang: str | None = None,
    prefix: str | None = None,
) -> OpenedModel:
    """Load a model to translate with, as `t5tune translate --model` does.

    Args:
        model: A run, a model directory, an export or a hub id; None means the newest finished run.
        engine: `auto`, `torch`, `torch-bf16`, `ctranslate2` or one export such as
            `ctranslate2-int8`.
        source_lang: Language of the sources, for a model that needs it and is neither a run
            nor an export.
        target_lang: Language of the translations, likewise.
        prefix: Prefix for a model that is neither; by default the one it was trained with.

    Raises:
        T5TuneError: The model does not exist, or does not have that engine.
    """
    name = choose_model(None if model is None else os.fspath(model))
    return open_translator(
        name, engine=engine, source_lang=source_lang, target_lang=target_lang, prefix=prefix
    )


def open_translator(
    name: str,
    *,
    engine: str = AUTO,
    source_lang: str | None = None,
    target_lang: str | None = None,
    prefix: str | None = None,
) -> OpenedModel:
    """Open a model with the best engine that it has, and name that on stderr.

    Args:
        name: Run, directory of an export, model directory or hub id.
        engine: See `t5tune.decoding.engines`.
        source_lang: Language of the sources, for a model that needs it and is neither a run
            nor an export.
        target_lang: Language of the translations, likewise.
        prefix: Prefix for a model that is neither; by default the one it was trained with.

    Raises:
        T5TuneError: The model does not exist, or does not have that engine.
    """
    export = choose_export(name, engine)
    if export is not None:
        settings = export.settings
        translator = open_export(export)
        return OpenedModel(translator, settings.options, settings.name, settings.patience)
    from t5tune.decoding.loaded_model import load_for_translation

    model = load_for_translation(
        name, source_lang=source_lang, target_lang=target_lang, prefix=prefix
    )
    # A line of a megabyte must not take all memory, whatever the model itself allows.
    model.translator.settings = replace(
        model.translator.settings, max_source_length=model.reading_length
    )
    if engine == TORCH_BF16:
        model.translator.use_bf16()
    say(f"engine: {model.translator.engine} ({model.translator.model.device})")
    return OpenedModel(model.translator, model.options, model.name)


def open_export(export: Export) -> Translator:
    """Open an export, and name it on stderr."""
    from t5tune.decoding.ctranslate2_translator import CTranslate2Translator

    translator = CTranslate2Translator(export)
    say(f"engine: {translator.engine}")
    if export.settings.tokenization["kind"] == "transformers":
        say("tokenizer: this export needs that of Transformers, which takes a while to import")
    return translator


def translate_lines(model: LoadedModel, lines: Sequence[str]) -> list[str]:
    """Translate lines of text; blank ones stay blank.

    Args:
        model: Loaded model.
        lines: Texts without line breaks.

    Returns:
        One line for each line.
    """
    indices = [i for i, line in enumerate(lines) if line.strip()]
    with track("translating", len(indices), "lines") as advance:
        hypotheses = model.translator.translate([lines[i] for i in indices], model.options, advance)
    warn_of_truncation(model.translator)
    translations = [""] * len(lines)
    for index, hypothesis in zip(indices, hypotheses, strict=True):
        translations[index] = hypothesis.text
    return translations
