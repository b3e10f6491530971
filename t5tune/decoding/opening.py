"""Opening a translator: of a run, an export, a model directory or a hub id.

An export translates without torch and Transformers, which take seconds to import: functions here
import them only where there is no export.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from t5tune.console import say, track
from t5tune.decoding.engines import AUTO, TORCH_BF16, choose_export
from t5tune.decoding.translator import DecodingOptions, PlainTranslator, Translator

if TYPE_CHECKING:
    from t5tune.decoding.export.settings import Export
    from t5tune.decoding.loaded_model import LoadedModel


class OpenedTranslator(NamedTuple):
    """A translator with its default search.

    Attributes:
        translator: The translator.
        options: Search settings where the user gives none.
        name: Name of the run, the directory or the model on the hub.
        patience: Patience of an export; None for torch.
    """

    translator: Translator
    options: DecodingOptions
    name: str
    patience: float | None = None


def open_translator(
    name: str,
    *,
    engine: str = AUTO,
    source_lang: str | None = None,
    target_lang: str | None = None,
    prefix: str | None = None,
) -> OpenedTranslator:
    """Open a model with the best engine that it has, and name that on stderr.

    Args:
        name: Run, directory of an export, model directory or hub id.
        engine: See `t5tune.decoding.engines`.
        source_lang: Language of the sources, for a model that needs it and is neither run nor
            export.
        target_lang: Language of the translations, likewise.
        prefix: Prefix for a model that is neither; left out, the one that it was trained with.

    Raises:
        T5TuneError: There is no such model, or not that engine for it.
    """
    export = choose_export(name, engine)
    if export is not None:
        settings = export.settings
        translator = open_export(export)
        return OpenedTranslator(translator, settings.options, settings.name, settings.patience)
    from t5tune.decoding.loaded_model import load_for_translation

    model = load_for_translation(
        name, source_lang=source_lang, target_lang=target_lang, prefix=prefix
    )
    # A line of a megabyte must not take all memory, whatever the model itself allows.
    model.translator.max_source_length = model.reading_length
    if engine == TORCH_BF16:
        model.translator.use_bf16()
    say(f"engine: {model.translator.engine} ({model.translator.model.device})")
    return OpenedTranslator(model.translator, model.options, model.name)


def open_export(export: Export) -> Translator:
    """Open an export, and name it on stderr."""
    from t5tune.decoding.ctranslate2_translator import CTranslate2Translator

    translator = CTranslate2Translator(export)
    say(f"engine: {translator.engine}")
    if export.settings.tokenization["kind"] == "transformers":
        say("tokenizer: this one needs Transformers, which takes a while to import")
    return translator


def translate_lines(model: LoadedModel | OpenedTranslator, lines: Sequence[str]) -> list[str]:
    """Translate lines of text; blank ones stay blank.

    Args:
        model: Opened translator.
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


def warn_of_truncation(translator: PlainTranslator) -> None:
    """Warn of sources of the last call that were too long."""
    if translator.num_truncated:
        say(
            f"{translator.num_truncated:,} sources were cut to the model's max_source_length; "
            "their translations lack the rest"
        )
