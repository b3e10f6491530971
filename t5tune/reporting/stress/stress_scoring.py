"""Scores of hard sets, each beside that of the test set on the same examples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from t5tune.console import track
from t5tune.decoding.translator import Hypothesis
from t5tune.recipe.resolve import choose_metrics
from t5tune.recipe.schema import Recipe
from t5tune.reporting.stress.hard_set import HardExample
from t5tune.reporting.stress.stress_results import (
    SAME_OUTPUT,
    Change,
    Share,
    StressExample,
    StressResult,
)
from t5tune.reporting.stress.translated_sets import TranslatedSet
from t5tune.scoring.diagnosis.evidence import Evidence
from t5tune.scoring.diagnosis.repetition import find_loops
from t5tune.scoring.registry import (
    find_metric,
    is_computed_here,
    metric_for_parts,
    ranks_models,
)
from t5tune.scoring.score import Score
from t5tune.scoring.significance.comparison import Comparison, Resampling, compare_systems
from t5tune.scoring.system_output import SystemOutput

_NUM_WORST = 3
_CLEAN, _HARD = "test set", "hard set"


@track("scoring the hard sets")
def score_hard_sets(
    translated: Sequence[TranslatedSet], hypotheses: Sequence[Hypothesis], recipe: Recipe
) -> tuple[StressResult, ...]:
    """Score each hard set and compare it with the test set.

    Args:
        translated: Hard sets with their outputs.
        hypotheses: Outputs for the test set.
        recipe: Recipe with metrics and languages.

    Raises:
        T5TuneError: As `score_hypotheses` does.
    """
    clean = [hypothesis.text for hypothesis in hypotheses]
    return tuple(_score_set(one, clean, recipe) for one in translated)


def _score_set(translated: TranslatedSet, clean: Sequence[str], recipe: Recipe) -> StressResult:
    kind, examples = translated.kind, translated.examples
    result = StressResult(
        kind.name, kind.title, kind.made, kind.judged, len(examples), translated.num_cut
    )
    if not examples:
        return result
    outputs = [hypothesis.text for hypothesis in translated.hypotheses]
    baseline = [" ".join(clean[origin] for origin in one.origins) for one in examples]
    if kind.replace is not None:
        pairs = zip(baseline, examples, strict=True)
        baseline = [kind.replace(text, one.replaced) for text, one in pairs]
    shares = [] if kind.measure is None else kind.measure(examples, outputs, baseline)
    if not kind.is_scored:
        shares += _count_faults(translated, outputs, None)
        worst = _find_longest(examples, outputs)
        return replace(result, shares=tuple(shares), worst=worst)
    comparison = _compare(translated, outputs, baseline, recipe)
    hard = comparison.systems[1]
    num_same = len(examples) - hard.num_different
    same = Share(SAME_OUTPUT, "same output as for the test set", num_same, len(examples))
    return replace(
        result,
        scores=_mark(hard.scores, kind.ignored),
        clean_scores=_mark(comparison.baseline.scores, kind.ignored),
        changes=tuple(
            Change(score.name, difference.value, difference.confidence_interval)
            for score, difference in zip(hard.scores, hard.differences, strict=True)
        ),
        shares=(same, *shares, *_count_faults(translated, outputs, baseline)),
        worst=tuple(_find_worst(comparison, examples, outputs, baseline)),
    )


def _compare(
    translated: TranslatedSet, outputs: Sequence[str], baseline: Sequence[str], recipe: Recipe
) -> Comparison:
    """Compare what both outputs have in common with the references, as the kind views them."""
    view, examples = translated.kind.view, translated.examples
    references = [[view(text) for text in one.references] for one in examples]
    sources = [one.source for one in examples]
    systems = {
        name: SystemOutput([view(text) for text in texts], references, sources)
        for name, texts in ((_CLEAN, baseline), (_HARD, outputs))
    }
    # The bootstrap gives the interval of the difference; nothing here asks for p-values.
    return compare_systems(
        systems, _metrics(recipe), recipe.scoring_options, resampling=Resampling(("bootstrap",))
    )


def _metrics(recipe: Recipe) -> list[str]:
    """Return the metrics of the report that cost little and rank outputs, one at least."""
    chosen = choose_metrics(recipe)
    usable = [
        name
        for name in chosen
        if is_computed_here(name) and ranks_models(name) and not find_metric(name).is_slow
    ]
    return usable or [metric_for_parts([name for name in chosen if ranks_models(name)])]


def _mark(scores: Sequence[Score], ignored: str) -> tuple[Score, ...]:
    """Add to the signatures what was left out of both sides."""
    if not ignored:
        return tuple(scores)
    return tuple(replace(one, signature=f"{one.signature}|ignored:{ignored}") for one in scores)


def _count_faults(
    translated: TranslatedSet, outputs: Sequence[str], baseline: Sequence[str] | None
) -> Iterator[Share]:
    """Yield shares of outputs that are empty, that repeat themselves, and that were cut."""
    examples, num = translated.examples, len(outputs)
    both = [outputs] if baseline is None else [outputs, baseline]
    empty = [sum(not text.strip() for text in texts) for texts in both]
    loops = [_count_loops(examples, texts) for texts in both]
    for name, title, found in (
        ("empty", "empty outputs", empty),
        ("loop", "outputs with the same words again and again", loops),
    ):
        yield Share(name, title, found[0], num, None if baseline is None else found[1])
    num_limited = sum(hypothesis.reached_limit for hypothesis in translated.hypotheses)
    yield Share("hit_length_limit", "outputs that stopped at the length limit", num_limited, num)


def _count_loops(examples: Sequence[HardExample], texts: Sequence[str]) -> int:
    references = [one.references or [one.source] for one in examples]
    return len(find_loops(Evidence(texts, references, [one.source for one in examples])))


def _find_worst(
    comparison: Comparison,
    examples: Sequence[HardExample],
    outputs: Sequence[str],
    baseline: Sequence[str],
) -> Iterator[StressExample]:
    """Yield the examples that lose most by the first metric."""
    hard = comparison.systems[1]
    for index in comparison.largest_losses(hard, _NUM_WORST):
        one = examples[index]
        scores = hard.example_scores[0][index], comparison.baseline.example_scores[0][index]
        yield StressExample(
            one.origins, one.source, outputs[index], baseline[index], tuple(one.references), scores
        )


def _find_longest(
    examples: Sequence[HardExample], outputs: Sequence[str]
) -> tuple[StressExample, ...]:
    """Return the examples with the longest outputs, which are the most invented ones."""
    order = sorted(range(len(outputs)), key=lambda index: (-len(outputs[index].split()), index))
    return tuple(
        StressExample(one.origins, one.source, outputs[index], None, tuple(one.references), None)
        for index, one in ((index, examples[index]) for index in order[:_NUM_WORST])
    )
