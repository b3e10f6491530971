"""Hard sets made of the test set: what is lost where users type otherwise than it does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from t5tune.recipe.schema import Recipe
from t5tune.reporting.beside.kind import Evaluated, SectionKind
from t5tune.reporting.beside.report_section import Section, SectionTable
from t5tune.scoring.diagnosis.breakdown import MIN_EXAMPLES
from t5tune.scoring.registry import is_lower_better

if TYPE_CHECKING:
    from t5tune.reporting.stress.stress_results import Share, StressResult
    from t5tune.reporting.stress.translated_sets import TranslatedSet

_HEADER = (
    "sources", "examples", "measured", "value", "95 % interval", "test set", "change",
    "interval of the change", "same output",
)  # fmt: skip
_NOT_MADE = "nothing to change"
_LEGEND = (
    "“Test set” is the score of the same examples as they are, judged in the same way; the change "
    "from it is paired by example. “Same output” is the share of examples whose output stays the "
    "same, up to what the set changes."
)


def _is_wanted(recipe: Recipe) -> bool:
    return bool(recipe.evaluation.stress)


def _measure(evaluated: Evaluated) -> Callable[[], Section]:
    """Translate the hard sets, in all processes together."""
    from t5tune.reporting.stress.stress_scoring import score_hard_sets
    from t5tune.reporting.stress.translated_sets import translate_hard_sets

    translated = translate_hard_sets(evaluated)

    def build() -> Section:
        results = score_hard_sets(translated, evaluated.hypotheses, evaluated.recipe)
        return build_section(results, translated)

    return build


def build_section(results: Sequence[StressResult], translated: Sequence[TranslatedSet]) -> Section:
    """Return the section of these results, with the outputs of each set in a file."""
    tables = [
        SectionTable(_HEADER, tuple(map(_row, results))),
        *_share_table(results),
        SectionTable(
            ("sources", "how they are made", "how outputs are judged"),
            tuple((one.title, one.made, one.judged) for one in results),
            "How the sets are made",
            is_folded=True,
        ),
        *(_example_table(one) for one in results if one.worst),
    ]
    return Section(
        "stress",
        "Hard sets",
        (*_describe_hardest(results), *_describe_cut(results), _LEGEND),
        tuple(tables),
        {"sets": [one.to_json() for one in results]},
        files={f"stress/{one.kind.name}.jsonl": "".join(_lines(one)) for one in translated},
    )


def _row(result: StressResult) -> tuple[str, ...]:
    """Return the cells of one set; those that it does not have are empty."""
    beginning = (result.title, f"{result.num_examples:,}")
    if not result.num_examples:
        return (*beginning, _NOT_MADE, *[""] * 6)
    if not result.scores:
        share = result.shares[0]
        return (*beginning, share.title, share.shown, _spread(share.shown_interval), *[""] * 4)
    score, change, same = result.scores[0], result.changes[0], result.same_output
    return (
        *beginning,
        score.name,
        score.shown,
        _spread(score.shown_interval),
        result.clean_scores[0].shown,
        change.shown,
        _spread(change.shown_interval),
        "" if same is None else same.shown,
    )


def _share_table(results: Sequence[StressResult]) -> Iterator[SectionTable]:
    """Yield a table of what the scores do not show, if there is anything."""
    rows = [
        (
            result.title,
            share.title,
            f"{share.num_found:,}",
            f"{share.num_checked:,}",
            "" if share.num_clean is None else f"{share.num_clean:,}",
            share.shown,
            _spread(share.shown_interval),
        )
        for result in results
        for share in _notable_shares(result)
    ]
    if rows:
        header = ("sources", "counted", "found", "of", "in the test set", "share", "95 % interval")
        yield SectionTable(header, tuple(rows), "What the scores do not show")


def _notable_shares(result: StressResult) -> Iterator[Share]:
    """Yield the shares that are not in the first table; faults only where there are some."""
    for share in result.shares if result.scores else result.shares[1:]:
        if share.num_found or share.num_clean or not share.is_fault:
            yield share


def _example_table(result: StressResult) -> SectionTable:
    has_clean = bool(result.scores)
    header = ["source", "hypothesis"]
    header += ["score", "output for the test set", "its score", "reference"] if has_clean else []
    rows = []
    for one in result.worst:
        row = [one.source, one.hypothesis]
        if has_clean:
            hard, clean = (f"{score:.1f}" for score in one.scores or (0.0, 0.0))
            row += [hard, one.clean_hypothesis or "", clean, "\n".join(one.references)]
        rows.append(tuple(row))
    caption = "Losing most" if has_clean else "Longest outputs"
    return SectionTable(tuple(header), tuple(rows), f"{caption}: {result.title}", is_folded=True)


def _describe_hardest(results: Sequence[StressResult]) -> Iterator[str]:
    """Yield a sentence about the set that loses most, if any has enough examples for it."""
    scored = [one for one in results if one.changes and one.num_examples >= MIN_EXAMPLES]
    if not scored:
        return
    sign = -1 if is_lower_better(scored[0].changes[0].score) else 1
    hardest = min(scored, key=lambda one: sign * one.changes[0].value)
    score, change = hardest.scores[0], hardest.changes[0]
    yield (
        f"Most is lost on sources “{hardest.title}”: {score.name} is {score.shown}, and "
        f"{hardest.clean_scores[0].shown} for the same {hardest.num_examples:,} examples of the "
        f"test set, a change of {change.shown} (95 % interval {_spread(change.shown_interval)})."
    )


def _describe_cut(results: Sequence[StressResult]) -> Iterator[str]:
    for one in results:
        if one.num_cut:
            yield (
                f"{one.num_cut:,} of {one.num_examples:,} sources “{one.title}” were cut to the "
                "length that the model takes."
            )


def _lines(translated: TranslatedSet) -> Iterator[str]:
    """Yield one line of JSON per example, as in examples.jsonl, with its origins."""
    rows = zip(translated.examples, translated.hypotheses, strict=True)
    for index, (one, hypothesis) in enumerate(rows):
        example = {
            "index": index,
            "source": one.source,
            "hypothesis": hypothesis.text,
            "references": list(one.references),
            "num_tokens": hypothesis.num_tokens,
            "reached_limit": hypothesis.reached_limit,
            "origins": list(one.origins),
        }
        yield json.dumps(example) + "\n"


def _spread(interval: tuple[str, str] | None) -> str:
    return "" if interval is None else " to ".join(interval)


KIND = SectionKind("stress", _is_wanted, _measure, precedence=1)
