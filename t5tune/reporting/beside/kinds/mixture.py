"""What a model was trained on, if that was a mixture: the share of each entry."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from t5tune.files.json_values import as_object, read_object
from t5tune.recipe.schema import Recipe
from t5tune.reporting.beside.kind import Evaluated, SectionKind
from t5tune.reporting.beside.report_section import Section, SectionTable

MIXTURE = "mixture"  # key in environment.json
_HEADER = (
    "entry", "examples", "in an epoch", "times each", "share", "asked for", "share of tokens",
)  # fmt: skip


def _measure(evaluated: Evaluated) -> Callable[[], Section]:
    return lambda: _build(evaluated)


def _build(evaluated: Evaluated) -> Section:
    run = evaluated.run
    recorded = read_object(run.environment).get(MIXTURE) if run is not None else None
    phases = [as_object(one) for one in recorded] if isinstance(recorded, list) else []
    return describe_mixture(phases)


def describe_mixture(phases: Sequence[Mapping[str, Any]]) -> Section:
    """Return the section on a mixture.

    Args:
        phases: Shares of the entries by phase, as environment.json has them.
    """
    sentence = "Each epoch has as many examples as the entries have together, in these shares."
    if not phases:
        sentence = "How the entries of data.train were mixed is not recorded."
    tables = [_build_table(phase, is_only=len(phases) == 1) for phase in phases]
    return Section(MIXTURE, "The training mixture", (sentence,), tuple(tables), {"phases": phases})


def _build_table(phase: Mapping[str, Any], *, is_only: bool) -> SectionTable:
    rows = [
        (
            str(one["name"]),
            f"{one['examples']:,}",
            f"{one['examples_per_epoch']:,}",
            f"{one['examples_per_epoch'] / one['examples']:.2f}",
            *(f"{100 * one[key]:.1f} %" for key in ("share", "asked", "token_share")),
        )
        for one in phase["entries"]
    ]
    caption = "" if is_only else f"From step {phase['from_step']:,}"
    return SectionTable(_HEADER, tuple(rows), caption)


def _is_wanted(recipe: Recipe) -> bool:
    return bool(recipe.data.mixture)


KIND = SectionKind(MIXTURE, _is_wanted, _measure, precedence=9)
