"""Outputs for the tasks of `evaluation.keep`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from t5tune.console import track
from t5tune.data.encoding import encode_texts
from t5tune.data.examples import Examples
from t5tune.decoding.cached_translator import CachedTranslator
from t5tune.decoding.ctranslate2_translator import CTranslate2Translator
from t5tune.decoding.hypothesis_cache import HypothesisCache, choose_cache_file
from t5tune.decoding.loaded_model import broadcast_model
from t5tune.decoding.torch_translator import TorchTranslator
from t5tune.decoding.translator import PlainTranslator, Translator, limit_from_references
from t5tune.distributed.processes import OfMainProcess, is_main_process

if TYPE_CHECKING:
    from t5tune.decoding.export.settings import Export
    from t5tune.decoding.found_model import FoundModel
    from t5tune.reporting.beside.kind import Evaluated


def longest_target(model: FoundModel, examples: Examples) -> int:
    """Return the length limit in tokens that fits the references of a task."""
    references: Sequence[str] = [of_one[0] for of_one in examples.references]
    encoded, _ = encode_texts(references, model.tokenizer, max_length=None, as_target=True)
    return limit_from_references([len(ids) for ids in encoded])


def translate_task(
    model: OfMainProcess[FoundModel],
    examples: Examples,
    evaluated: Evaluated,
    limit: int,
    export: Export | None = None,
) -> list[str]:
    """Translate the examples of a task; what is in the cache is not generated again.

    All processes call it together.

    Args:
        model: Model with the languages and the prefix of the task.
        examples: Examples of the task.
        evaluated: Evaluation whose search is used.
        limit: Length limit in tokens.
        export: Export of the report, which knows the languages of the examples; torch translates
            without it.
    """

    def load() -> Translator:
        opened = evaluated.load() if export is not None else None
        if isinstance(opened, CTranslate2Translator):
            return opened.turned(*examples.languages)
        return broadcast_model(lambda: model.get().load()).translator.distributed()

    translator: PlainTranslator = (
        load()
        if not evaluated.use_cache
        else CachedTranslator(
            HypothesisCache(choose_cache_file(evaluated.run)),
            load,
            engine=TorchTranslator.engine if export is None else export.engine,
            model=model.get().identify(export) if is_main_process() else {},
        )
    )
    options = replace(evaluated.options, max_new_tokens=limit)
    sources = examples.sources
    with track(f"translating {examples.split}", len(sources), "examples") as advance:
        return [one.text for one in translator.translate(sources, options, advance)]
