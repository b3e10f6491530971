"""A kind of section: when a recipe asks for it, and how it is measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from t5tune.recipe.schema import Recipe
from t5tune.reporting.beside.report_section import Section

if TYPE_CHECKING:
    from t5tune.data.examples import Examples
    from t5tune.decoding.export.settings import Export
    from t5tune.decoding.found_model import FoundModel
    from t5tune.decoding.translator import (
        DecodingOptions,
        Hypothesis,
        PlainTranslator,
        Translator,
    )
    from t5tune.distributed.processes import OfMainProcess
    from t5tune.run.directory import RunDirectory


@dataclass(frozen=True)
class Evaluated:
    """A model whose test set has been translated, and what else it can be asked.

    Attributes:
        recipe: Recipe of the evaluation, with decoding and metrics.
        examples: Test set.
        hypotheses: Best hypothesis of each example.
        options: Search that found them.
        translator: Translator of the report. All processes call it together, and each gets all
            hypotheses; those in the cache are not generated again.
        load: Function that returns the model in the engine of the report. All processes call it
            together; the weights are loaded once.
        model: Model of the report.
        run: Run that the model belongs to; None in other processes and for other models.
        use_cache: Whether hypotheses may come from the cache.
        export: Export that translates instead of the model; None for torch.
    """

    recipe: Recipe
    examples: Examples
    hypotheses: Sequence[Hypothesis]
    options: DecodingOptions
    translator: PlainTranslator
    load: Callable[[], Translator]
    model: OfMainProcess[FoundModel]
    run: RunDirectory | None
    use_cache: bool
    export: Export | None = None


@dataclass(frozen=True)
class SectionKind:
    """One kind of section. CONTRIBUTING.md says how to add one.

    Attributes:
        name: Name in report.json; that of its key in the section `evaluation` of the recipe.
        is_wanted: Whether a recipe asks for it.
        measure: Function that translates or scores what the section needs, in all processes
            together, and returns a function that computes the section on the main process.
        check: Function that refuses, before training, what `measure` would fail on.
        precedence: Place in the report among the sections without an alarm, smallest first.
    """

    name: str
    is_wanted: Callable[[Recipe], bool]
    measure: Callable[[Evaluated], Callable[[], Section]]
    check: Callable[[Recipe], None] = lambda _: None
    precedence: int = 0
