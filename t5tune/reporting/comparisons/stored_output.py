"""The stored output of a system: in a run, in a directory of an evaluation, or in a file."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from pathlib import Path

from t5tune.errors import T5TuneError
from t5tune.files.text_files import read_lines
from t5tune.recipe.loading import load_resolved_recipe
from t5tune.run.directory import RunDirectory
from t5tune.scoring.stored_examples import parse_example


@dataclass(frozen=True)
class StoredOutput:
    """Stored output of one system."""

    name: str  # that the comparison prints
    origin: str  # argument that the user typed, for messages
    hypotheses: tuple[str, ...]  # one per example
    # References of each example; None where only hypotheses are known.
    references: tuple[tuple[str, ...], ...] | None = None
    sources: tuple[str, ...] | None = None  # input texts; None if unknown


def read_output(argument: str, split: str, *, needs_references: bool) -> StoredOutput:
    """Read the stored output of one system.

    Args:
        argument: A run, a directory that `t5tune eval` wrote, or a file of hypotheses.
        split: Split of the run.
        needs_references: Whether to read the data of a run that stored only hypotheses.

    Raises:
        T5TuneError: It cannot be read, or is not there.
    """
    path = Path(argument)
    run = RunDirectory(path)
    if run.is_run:
        return _read_run(run, argument, split, needs_references=needs_references)
    if not path.is_dir():
        return StoredOutput(path.name, argument, tuple(read_lines(path)))
    outputs = _read_evaluation(path, path.resolve().name, argument)
    if outputs is None:
        raise T5TuneError(
            f"{argument} is not a run and holds no hypotheses.txt.",
            next_command=f"ls {shlex.quote(argument)}",
        )
    return outputs


def _read_run(
    run: RunDirectory, argument: str, split: str, *, needs_references: bool
) -> StoredOutput:
    outputs = _read_evaluation(run.evaluation(split), run.name, argument)
    command = f"t5tune eval {shlex.quote(argument)} --split {shlex.quote(split)}"
    if outputs is None:
        raise T5TuneError(
            f"{argument} has not been evaluated on the split {split}.", next_command=command
        )
    if outputs.references is not None or not needs_references:
        return outputs
    from t5tune.data.examples import load_examples

    recipe = load_resolved_recipe(run.recipe)
    examples = load_examples(recipe.data, split, recipe.source_lang, recipe.target_lang)
    if len(examples.references) != len(outputs.hypotheses):
        raise T5TuneError(
            f"{argument} has {len(outputs.hypotheses)} hypotheses, but its split {split} now has "
            f"{len(examples.references)} examples.",
            next_command=command,
        )
    references = tuple(map(tuple, examples.references))
    return replace(outputs, references=references, sources=tuple(examples.sources))


def _read_evaluation(directory: Path, name: str, origin: str) -> StoredOutput | None:
    """Read what `t5tune eval` wrote: examples.jsonl if it exists, else hypotheses.txt."""
    examples = directory / "examples.jsonl"
    if examples.is_file():
        return _read_examples(examples, name, origin)
    hypotheses = directory / "hypotheses.txt"
    if hypotheses.is_file():
        return StoredOutput(name, origin, tuple(read_lines(hypotheses)))
    return None


def _read_examples(path: Path, name: str, origin: str) -> StoredOutput:
    rows = []
    for number, line in enumerate(read_lines(path), start=1):
        row = parse_example(line)
        if row is None:
            raise T5TuneError(
                f"{path}: line {number} is not an example that t5tune eval wrote.",
                next_command=f"t5tune eval {shlex.quote(origin)}   # writes the file again",
            )
        rows.append(row)
    sources, hypotheses, references = zip(*rows, strict=True) if rows else ((), (), ())
    has_sources = None not in sources
    return StoredOutput(name, origin, hypotheses, references, sources if has_sources else None)
