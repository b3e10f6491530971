"""Forgetting: base model and tuned model on directions and tasks that should be kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from t5tune.distributed.processes import OfMainProcess, broadcast_result, on_main_process
from t5tune.recipe.schema import Recipe
from t5tune.recipe.sections.kept_task import KeptTask
from t5tune.recipe.sections.model_section import PretrainedModel
from t5tune.reporting.beside.kind import Evaluated, SectionKind
from t5tune.reporting.beside.report_section import Section, SectionTable
from t5tune.scoring.score import ScoringOptions
from t5tune.scoring.significance.comparison import Comparison, compare_systems
from t5tune.scoring.system_output import SystemOutput

if TYPE_CHECKING:
    from t5tune.data.examples import Examples
    from t5tune.decoding.found_model import FoundModel

_BASE, _TUNED = "base", "tuned"
_NUM_SHOWN = 3  # examples that lost most, of each task that lost
_HEADER = ("task", "examples", "score", "base", "tuned", "difference", "95 % interval", "verdict")


def _is_wanted(recipe: Recipe) -> bool:
    return bool(recipe.evaluation.keep)


def _check(recipe: Recipe) -> None:
    """Read the data of every task, and ask the base model for its languages."""
    from t5tune.scoring.metric_rehearsal import rehearse_scoring

    base = _find_base(recipe)
    for number, task in enumerate(recipe.evaluation.keep):
        rehearse_scoring(task.chosen_metrics, _scoring_options(task))
        _load_examples(number, task)
        _set_task(base, task, recipe)


def _load_examples(number: int, task: KeptTask) -> Examples:
    from t5tune.data.examples import Examples
    from t5tune.data.readers.sources import open_entry, read_all

    opened = open_entry(f"evaluation.keep[{number}]", task, (task.source_lang, task.target_lang))
    examples = read_all(opened)
    return Examples(
        task.title, [one.source for one in examples], [one.references for one in examples]
    )


def _find_base(recipe: Recipe) -> FoundModel:
    """Find the model that a recipe starts from, at its recorded commit."""
    from t5tune.decoding.found_model import find_base_model

    origin = recipe.model.origin
    assert isinstance(origin, PretrainedModel)  # the schema refuses models from scratch
    return find_base_model(origin)


def _set_task(model: FoundModel, task: KeptTask, recipe: Recipe) -> FoundModel:
    return model.for_task(
        task.task,
        task.source_lang,
        task.target_lang,
        task.prefix,
        max_source_length=recipe.data.max_source_length,
    )


@dataclass(frozen=True)
class _KeptOutput:
    """Outputs of both models for one task."""

    task: KeptTask
    examples: Examples
    hypotheses: dict[str, list[str]]  # by model, the base first


def _measure(evaluated: Evaluated) -> Callable[[], Section]:
    """Translate every task with both models, in all processes together."""
    base = on_main_process(lambda: _find_base(evaluated.recipe))
    outputs = [
        _translate(number, task, {_BASE: base, _TUNED: evaluated.model}, evaluated)
        for number, task in enumerate(evaluated.recipe.evaluation.keep)
    ]
    name, revision = broadcast_result(lambda: (base.get().name, base.get().revision))
    return lambda: _build_section(outputs, name, revision)


def _translate(
    number: int,
    task: KeptTask,
    models: Mapping[str, OfMainProcess[FoundModel]],
    evaluated: Evaluated,
) -> _KeptOutput:
    from t5tune.reporting.kept_outputs import longest_target, translate_task

    recipe = evaluated.recipe
    examples = broadcast_result(lambda: _load_examples(number, task))
    limit = broadcast_result(
        lambda: longest_target(_set_task(models[_BASE].get(), task, recipe), examples)
    )

    def translate(model: OfMainProcess[FoundModel]) -> list[str]:
        set_to_task = on_main_process(lambda: _set_task(model.get(), task, recipe))
        return translate_task(set_to_task, examples, evaluated, limit)

    return _KeptOutput(task, examples, {name: translate(one) for name, one in models.items()})


def _scoring_options(task: KeptTask) -> ScoringOptions:
    return ScoringOptions(target_lang=task.target_lang)


def _build_section(outputs: Sequence[_KeptOutput], base: str, revision: str | None) -> Section:
    """Compare both models on each task; what was lost significantly is the alarm."""
    compared = [(output, _compare(output)) for output in outputs]
    lost = [output.task.title for output, comparison in compared if _has_lost(comparison)]
    rows = [row for output, comparison in compared for row in _rows(output.task, comparison)]
    name = base if revision is None else f"{base} at commit {revision[:7]}"
    sentences = [
        f"The base model is {name}. Both models translate the same examples with the search of "
        "this report; the first score of a task decides, and each task is tested by itself."
    ]
    tables = [table for output, comparison in compared for table in _losses(output, comparison)]
    alarm = None
    if lost:
        alarm = f"Fine-tuning has made the model significantly worse at {_join(lost)}."
    return Section(
        "keep",
        "What the model has kept and lost",
        tuple(sentences),
        (SectionTable(_HEADER, tuple(rows)), *tables),
        {
            "base": {"name": base, "revision": revision},
            "lost": lost,
            "tasks": [_to_json(output, comparison) for output, comparison in compared],
        },
        alarm,
    )


def _compare(output: _KeptOutput) -> Comparison:
    references, sources = output.examples.references, output.examples.sources
    return compare_systems(
        {
            name: SystemOutput(hypotheses, references, sources)
            for name, hypotheses in output.hypotheses.items()
        },
        output.task.chosen_metrics,
        _scoring_options(output.task),
        split=output.task.title,
    )


def _has_lost(comparison: Comparison) -> bool:
    return comparison.systems[1].differences[0].verdict.startswith("worse")


def _rows(task: KeptTask, comparison: Comparison) -> Iterator[tuple[str, ...]]:
    from t5tune.scoring.registry import format_value

    base, tuned = comparison.systems
    for before, after, difference in zip(base.scores, tuned.scores, tuned.differences, strict=True):
        low, high = (format_value(before.name, end, "+") for end in difference.confidence_interval)
        yield (
            task.title,
            f"{comparison.num_examples:,}",
            before.name,
            before.shown,
            after.shown,
            format_value(before.name, difference.value, "+"),
            f"{low} to {high}",
            difference.verdict,
        )


def _losses(output: _KeptOutput, comparison: Comparison) -> Iterator[SectionTable]:
    """Yield a table of the examples that lost most, if the task has lost."""
    if not _has_lost(comparison):
        return
    base, tuned = comparison.systems
    rows = tuple(
        (
            output.examples.sources[number],
            base.hypotheses[number],
            tuned.hypotheses[number],
            output.examples.references[number][0],
        )
        for number in comparison.largest_losses(tuned, _NUM_SHOWN)
    )
    header = ("source", "base", "tuned", "reference")
    yield SectionTable(header, rows, f"Lost most in {output.task.title}")


def _to_json(output: _KeptOutput, comparison: Comparison) -> dict[str, Any]:
    base, tuned = comparison.systems
    return {
        "name": output.task.title,
        "num_examples": comparison.num_examples,
        "base": [score.to_json() for score in base.scores],
        "tuned": [score.to_json() for score in tuned.scores],
        "differences": [
            {
                "value": one.value,
                "confidence_interval": list(one.confidence_interval),
                "p_values": dict(one.p_values),
                "verdict": one.verdict,
            }
            for one in tuned.differences
        ],
    }


def _join(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


KIND = SectionKind("keep", _is_wanted, _measure, _check, precedence=1)
