"""Contrastive sets: how often the right target is more probable than the wrong ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from t5tune.console import track
from t5tune.distributed.processes import broadcast_result
from t5tune.recipe.places import as_names
from t5tune.recipe.schema import Recipe
from t5tune.reporting.beside.kind import Evaluated, SectionKind
from t5tune.reporting.beside.report_section import Section, SectionTable
from t5tune.scoring.contrastive_accuracy import (
    Accuracy,
    ContrastiveItem,
    Gap,
    ItemScores,
    measure_accuracy,
    measure_gap,
)

if TYPE_CHECKING:
    from t5tune.data.contrastive_sets import ContrastiveSet
    from t5tune.decoding.scored_pairs import ScoredPair

_NUM_SHOWN = 5  # items in which a wrong target wins by most
_HEADER = ("category", "items", "accuracy", "95 % interval", "by token", "chance")


def _is_wanted(recipe: Recipe) -> bool:
    return bool(recipe.evaluation.contrastive)


def _check(recipe: Recipe) -> None:
    _load_sets(recipe)


def _load_sets(recipe: Recipe) -> list[ContrastiveSet]:
    from t5tune.data.contrastive_sets import load_contrastive_set

    return [load_contrastive_set(name) for name in as_names(recipe.evaluation.contrastive or [])]


def _measure(evaluated: Evaluated) -> Callable[[], Section]:
    """Score every target of every set, in all processes together."""
    sets = broadcast_result(lambda: _load_sets(evaluated.recipe))
    items = [item for one in sets for item in one.items]
    sources = [item.source for item in items for _ in range(1 + len(item.wrong))]
    targets = [target for item in items for target in (item.right, *item.wrong)]
    translator = evaluated.load()
    with track("scoring contrastive sets", len(sources), "pairs") as advance:
        pairs = translator.score_pairs(sources, targets, advance)
    return lambda: _build_section(sets, pairs, translator.engine)


def _build_section(
    sets: Sequence[ContrastiveSet], pairs: Sequence[ScoredPair], engine: str
) -> Section:
    """Compute accuracies and gaps from the pairs, which are in the order of the sets' targets."""
    rows: list[tuple[str, ...]] = []
    are_several = len(sets) > 1  # a single one is named by the title
    sentences = [
        "The right target has to be more probable than each wrong one, by the sum over its tokens. "
        f"Scored with {engine}."
    ]
    values: list[dict[str, Any]] = []
    tables: list[SectionTable] = []
    scored = iter(pairs)
    for one in sets:
        taken = [[next(scored) for _ in range(1 + len(item.wrong))] for item in one.items]
        scores = [
            ItemScores(
                tuple(pair.log_probability for pair in of_item),
                tuple(pair.per_token for pair in of_item),
            )
            for of_item in taken
        ]
        accuracies = measure_accuracy(one.items, scores)
        gap = measure_gap(one.items, scores)
        num_cut = sum(pair.source_is_cut or pair.target_is_cut for row in taken for pair in row)
        named = (one.name,) if are_several else ()
        rows += [(*named, *_row(accuracy)) for accuracy in accuracies]
        sentences += _describe(one.name, gap, num_cut)
        tables += _worst(one.name, one.items, scores)
        values.append(
            {
                "name": one.name,
                "accuracies": list(map(_accuracy_to_json, accuracies)),
                "gap": None if gap is None else asdict(gap),
                "num_pairs_cut": num_cut,
            }
        )
    return Section(
        "contrastive",
        "Contrastive sets" if are_several else f"Contrastive set {sets[0].name}",
        tuple(sentences),
        (SectionTable((*(("set",) if are_several else ()), *_HEADER), tuple(rows)), *tables),
        {"engine": engine, "sets": values},
    )


def _row(accuracy: Accuracy) -> tuple[str, ...]:
    low, high = accuracy.score.confidence_interval or (0.0, 0.0)
    num = accuracy.num_items
    return (
        accuracy.category or "all",
        f"{num:,}",
        f"{accuracy.score.value:.1f}",
        f"{low:.1f} to {high:.1f}",
        f"{100 * accuracy.num_right_per_token / num:.1f}",
        f"{100 * accuracy.chance / num:.1f}",
    )


def _describe(name: str, gap: Gap | None, num_cut: int) -> Iterator[str]:
    if gap is not None:
        low, high = gap.confidence_interval
        verdict = "a gap that chance does not explain" if gap.p_value < 0.05 else "no evident gap"
        yield (
            f"{name}: the accuracy of pro-stereotypical minus that of anti-stereotypical items is "
            f"{gap.value:+.1f} points (95 % interval {low:+.1f} to {high:+.1f}, {gap.num_groups} "
            f"groups, p = {gap.p_value:.4f}): {verdict}."
        )
    if num_cut:
        yield f"{name}: {num_cut:,} pairs were cut to what the model takes."


def _worst(
    name: str, items: Sequence[ContrastiveItem], scores: Sequence[ItemScores]
) -> Iterator[SectionTable]:
    """Yield a table of the items in which a wrong target wins by most, if there are any."""
    lost = [number for number, of_item in enumerate(scores) if not of_item.is_right]
    lost.sort(key=lambda number: scores[number].margin)
    rows = []
    for number in lost[:_NUM_SHOWN]:
        item, of_item = items[number], scores[number]
        preferred = max(range(len(item.wrong)), key=lambda place: of_item.sums[1 + place])
        rows.append((f"{of_item.margin:.2f}", item.source, item.right, item.wrong[preferred]))
    if rows:
        header = ("margin", "source", "right target", "target that the model prefers")
        yield SectionTable(header, tuple(rows), f"Most clearly wrong in {name}")


def _accuracy_to_json(accuracy: Accuracy) -> dict[str, Any]:
    return {
        "category": accuracy.category,
        "num_items": accuracy.num_items,
        **accuracy.score.to_json(),
        "per_token": 100 * accuracy.num_right_per_token / accuracy.num_items,
        "chance": 100 * accuracy.chance / accuracy.num_items,
    }


KIND = SectionKind("contrastive", _is_wanted, _measure, _check, precedence=2)
