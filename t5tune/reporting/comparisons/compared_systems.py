"""From runs, files and base models to a comparison: the same examples for all systems."""

from __future__ import annotations

import os
import shlex
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from t5tune.distributed.torch_import import bound_spinning
from t5tune.errors import T5TuneError
from t5tune.files.writing import write_texts
from t5tune.recipe.loading import load_resolved_recipe
from t5tune.recipe.resolved_recipe import ResolvedRecipe
from t5tune.recipe.sections.model_section import PretrainedModel
from t5tune.reporting.comparisons.stored_output import StoredOutput, read_output
from t5tune.reporting.given_texts import References, Texts, read_references, read_texts
from t5tune.run.directory import RunDirectory, find_directory, refuse_run
from t5tune.scoring.system_output import SystemOutput

if TYPE_CHECKING:
    from t5tune.scoring.significance.comparison import Comparison

# Name for the model that the run started from.
BASE = "base"


@dataclass(frozen=True)
class _Column:
    """Texts of every example, and the system that they come from."""

    origin: str
    kind: Literal["hypotheses", "references", "sources"]
    values: Sequence[object]


def find_systems(names: Sequence[str]) -> list[str]:
    """Return paths of runs, directories and files; keep `base` unchanged.

    Args:
        names: Arguments of the user; a run under `runs/` may be given by its name.

    Raises:
        T5TuneError: An argument is none of these.
    """
    found = []
    for name in names:
        is_file = os.path.isfile(name)  # noqa: PTH113 (a name may be longer than paths can be)
        directory = None if name == BASE or is_file else find_directory(name)
        # A name that looks like a file is refused when it is read.
        may_be_file = name == BASE or Path(name).suffix or os.path.lexists(name)
        if directory is None and not may_be_file:
            raise refuse_run(name, "a run or a file")
        found.append(name if directory is None else str(directory))
    return found


def find_recipe_of_runs(arguments: Sequence[str]) -> ResolvedRecipe | None:
    """Return the recipe of the first run, which states metrics and their options."""
    run = _first_run(arguments)
    return None if run is None else load_resolved_recipe(run.recipe)


def gather_systems(
    arguments: Sequence[str],
    split: str,
    given_references: References | None = None,
    given_sources: Texts | None = None,
) -> dict[str, SystemOutput]:
    """Return the output of each system by name, all for the same examples.

    Args:
        arguments: Runs, directories that `t5tune eval` wrote, files of hypotheses, or `base`.
        split: Split of the runs.
        given_references: References instead of the runs' own; see `read_references`.
        given_sources: File or texts instead of the runs' own sources.

    Raises:
        T5TuneError: Something cannot be read, examples differ, or there are no references.
    """
    if BASE in arguments:
        _find_base(arguments)
    given = _read_given(given_references, given_sources)
    read = {
        argument: read_output(argument, split, needs_references=given_references is None)
        for argument in arguments
        if argument != BASE
    }
    columns = [*given, *_columns(read.values(), {column.kind for column in given})]
    _check_sizes(columns)
    references = _agree(columns, "references")
    sources = _agree(columns, "sources")
    if references is None:
        raise T5TuneError(
            "there are no references: files of hypotheses contain none.",
            next_command=f"t5tune compare {shlex.join(arguments)} --reference FILE",
        )
    if BASE in arguments:
        read[BASE] = _translate_with_base(arguments, split, references, sources)
    systems = _name_apart([read[argument] for argument in arguments])
    return {one.name: SystemOutput(one.hypotheses, references, sources) for one in systems}


def write_comparison(comparison: Comparison, directory: Path) -> None:
    """Write the comparison as JSON, as Markdown and as a web page.

    Raises:
        NotWritten: They cannot be written.
    """
    from t5tune.reporting.comparisons.comparison_markdown import render_markdown
    from t5tune.reporting.comparisons.comparison_text import format_json
    from t5tune.reporting.html.report_page import render_comparison_html

    write_texts(
        {
            directory / "comparison.json": format_json(comparison) + "\n",
            directory / "comparison.md": render_markdown(comparison),
            directory / "comparison.html": render_comparison_html(comparison),
        }
    )


def _first_run(arguments: Sequence[str]) -> RunDirectory | None:
    runs = (RunDirectory(Path(argument)) for argument in arguments if argument != BASE)
    return next((run for run in runs if run.is_run), None)


def _read_given(references: References | None, sources: Texts | None) -> list[_Column]:
    """Read the texts that the user gave besides the systems."""
    columns = []
    if references is not None:
        files = [
            _Column(given.origin, "references", given.texts)
            for given in read_references(references)
        ]
        _check_sizes(files)
        rows = list(zip(*(column.values for column in files), strict=True))
        columns.append(_Column(files[0].origin, "references", rows))
    if sources is not None:
        given = read_texts(sources, "sources")
        columns.append(_Column(given.origin, "sources", given.texts))
    return columns


def _columns(systems: Iterable[StoredOutput], given: Container[str]) -> Iterator[_Column]:
    """Return the systems' own texts, where no others were given instead."""
    for system in systems:
        yield _Column(system.origin, "hypotheses", system.hypotheses)
        if system.references is not None and "references" not in given:
            yield _Column(system.origin, "references", system.references)
        if system.sources is not None and "sources" not in given:
            yield _Column(system.origin, "sources", system.sources)


def _check_sizes(columns: Sequence[_Column]) -> None:
    first = columns[0]
    for column in columns:
        if len(column.values) != len(first.values):
            raise T5TuneError(
                f"{first.origin} has {len(first.values)} {first.kind}, but {column.origin} has "
                f"{len(column.values)} {column.kind}.",
                next_command="compare systems on the same examples, one line for each",
            )


def _agree(columns: Sequence[_Column], kind: str) -> tuple[Any, ...] | None:
    """Return the column of this kind that all systems share; None if no system has one."""
    ours = [column for column in columns if column.kind == kind]
    for other in ours[1:]:
        pairs = enumerate(zip(ours[0].values, other.values, strict=True), start=1)
        differing = next((number for number, (one, two) in pairs if one != two), None)
        if differing is not None:
            raise T5TuneError(
                f"{ours[0].origin} and {other.origin} are not about the same examples: their "
                f"{kind} differ first in line {differing}.",
                next_command=f"t5tune eval {shlex.quote(other.origin)}   # on the same data, then "
                "compare again",
            )
    return tuple(ours[0].values) if ours else None


def _name_apart(systems: Sequence[StoredOutput]) -> tuple[StoredOutput, ...]:
    """Return names as short as possible while no two are equal."""
    names = [system.name for system in systems]
    if len(set(names)) < len(names):
        names = [system.origin for system in systems]
    counted: Counter[str] = Counter()
    apart = []
    for system, name in zip(systems, names, strict=True):
        counted[name] += 1
        number = f" ({counted[name]})" if counted[name] > 1 else ""
        apart.append(replace(system, name=name + number))
    return tuple(apart)


def _find_base(arguments: Sequence[str]) -> tuple[PretrainedModel, ResolvedRecipe]:
    """Return the base model of the first run, and the run's recipe."""
    run = _first_run(arguments)
    if run is None:
        raise T5TuneError(
            f"{BASE} means the model that a run started from, but no run is named.",
            next_command=f"t5tune compare RUN {BASE}",
        )
    recipe = load_resolved_recipe(run.recipe)
    base = recipe.model.origin
    if not isinstance(base, PretrainedModel):
        raise T5TuneError(
            f"{run.path} was trained from scratch, so it has no base model to compare with.",
            next_command=f"t5tune compare {run.path} OTHER_RUN",
        )
    return base, recipe


def _translate_with_base(
    arguments: Sequence[str],
    split: str,
    references: Sequence[Sequence[str]],
    sources: Sequence[str] | None,
) -> StoredOutput:
    """Translate the same examples with the first run's untrained base model.

    The caller permits what that model may do beyond being read (`models/permission.py`).
    """
    bound_spinning()
    from t5tune.data.examples import Examples
    from t5tune.decoding.found_model import find_base_model
    from t5tune.decoding.translator import options_of_recipe
    from t5tune.reporting.evaluation import translate_examples

    base, recipe = _find_base(arguments)
    if sources is None:
        raise T5TuneError(
            f"the sources are unknown, so {BASE} has nothing to translate.",
            next_command=f"t5tune compare {shlex.join(arguments)} --source FILE",
        )
    found = find_base_model(base).for_task(
        recipe.task,
        recipe.source_lang,
        recipe.target_lang,
        recipe.data.model_prefix,
        max_source_length=recipe.data.max_source_length,
    )
    model = found.load()
    examples = Examples(split, list(sources), list(map(list, references)))
    options = options_of_recipe(recipe.decoding, recipe.decoding.max_new_tokens)
    hypotheses = translate_examples(model.translator, examples, options)
    return StoredOutput(f"{model.name} (zero-shot)", BASE, tuple(one.text for one in hypotheses))
