"""How two runs differ: recipe, data, versions, and scores with a paired test."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from t5tune.errors import T5TuneError
from t5tune.experiments.run_details import FINGERPRINT
from t5tune.files.json_values import as_object, read_object
from t5tune.recipe.loading import differing_keys, load_resolved_recipe
from t5tune.recipe.schema import Recipe
from t5tune.reporting.comparisons.chosen_comparison import compare
from t5tune.reporting.comparisons.comparison_text import summary_to_json
from t5tune.run.directory import RunDirectory
from t5tune.training.checkpoints.resuming import recorded_recipe, value_of

if TYPE_CHECKING:
    from t5tune.scoring.significance.comparison import Comparison

# What environment.json has under a name of its own, and how people are told.
_SECTIONS = {"data_sha256": "data", "commits": "commits", "versions": "versions"}
_MACHINE = ("platform", "accelerators", "num_cpu_threads", "num_processes", "git_revision")
_HASH = re.compile("[0-9a-f]{40,}")
_LONGEST = 60  # characters of a value that people are shown


@dataclass(frozen=True)
class Change:
    """A value that differs; None where a run does not have it."""

    name: str
    first: Any
    second: Any

    @property
    def shown(self) -> str:
        """The change for people."""
        return f"{self.name}: {_show(self.first)} -> {_show(self.second)}"


@dataclass(frozen=True)
class RunDifference:
    """How the second run differs from the first.

    Attributes:
        changes: What differs, by kind; kinds without a change are there too.
        comparison: Both on the same test set, with paired tests; None if there is none.
        why_no_comparison: Sentence that says why there is none.
    """

    runs: tuple[RunDirectory, RunDirectory]
    changes: Mapping[str, Sequence[Change]]
    comparison: Comparison | None
    why_no_comparison: str

    def to_json(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "runs": [str(run.path) for run in self.runs],
            **{
                kind: {one.name: [one.first, one.second] for one in changes}
                for kind, changes in self.changes.items()
            },
            "comparison": None if self.comparison is None else summary_to_json(self.comparison),
            "why_no_comparison": self.why_no_comparison or None,
        }


def compare_runs(first: RunDirectory, second: RunDirectory, split: str) -> RunDifference:
    """Return how two runs differ.

    Args:
        first: Run to start from.
        second: Run that is compared with it.
        split: Split whose evaluations are compared.

    Raises:
        T5TuneError: The recipe of a run cannot be read.
    """
    environments = [read_object(run.environment) for run in (first, second)]
    changes = {"recipe": list(_find_recipe_changes(first, second))}
    for key, kind in _SECTIONS.items():
        changes[kind] = list(_find_changes(*(as_object(one.get(key)) for one in environments)))
    machines = [{key: one.get(key) for key in _MACHINE} for one in environments]
    changes["machine"] = list(_find_changes(*machines))
    comparison, why = None, ""
    try:
        comparison = compare(first.path, second.path, split=split)
    except T5TuneError as error:
        why = error.message
    return RunDifference((first, second), changes, comparison, why)


def _find_recipe_changes(first: RunDirectory, second: RunDirectory) -> Iterator[Change]:
    """Yield the keys that differ, of resolved recipes if both runs have got as far as that."""
    recipes: list[Recipe] = []
    try:
        recipes = [load_resolved_recipe(run.recipe) for run in (first, second)]
    except (T5TuneError, OSError):
        for run in (first, second):
            if (recorded := recorded_recipe(run)) is None:
                raise T5TuneError(
                    f"{run.environment} is missing or damaged, so the recipe of {run.path} is "
                    "unknown.",
                    next_command=f"t5tune runs show {run.path}",
                ) from None
            recipes.append(recorded)
    values = [recipe.model_dump(mode="json") for recipe in recipes]
    for key in differing_keys(*recipes):
        yield Change(key, *(value_of(one, key) for one in values))


def _find_changes(first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[Change]:
    for name in dict.fromkeys([*first, *second]):
        if first.get(name) != second.get(name):
            yield Change(name, first.get(name), second.get(name))


def _show(value: Any) -> str:
    text = "none" if value is None else json.dumps(value, ensure_ascii=False).strip('"')
    if _HASH.fullmatch(text):
        return text[:FINGERPRINT]
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def describe_difference(difference: RunDifference) -> Iterator[str]:
    """Yield lines for people: what differs, and in one line what does not."""
    for kind, changes in difference.changes.items():
        for number, change in enumerate(changes):
            yield f"{'' if number else kind:<10}  {change.shown}".rstrip()
    if same := [kind for kind, changes in difference.changes.items() if not changes]:
        yield f"{'the same':<10}  {', '.join(same)}"
    if difference.why_no_comparison:
        yield f"{'no test':<10}  {difference.why_no_comparison}"
