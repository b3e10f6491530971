"""The alignments that a report shows: choosing the examples, and storing the result."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from t5tune.console import track
from t5tune.files.json_values import read_object
from t5tune.files.writing import write_text
from t5tune.reporting.reports.report import Example
from t5tune.run.directory import ALIGNMENTS
from t5tune.scoring.diagnosis.findings import Alignment

if TYPE_CHECKING:
    from t5tune.decoding.torch_translator import TorchTranslator

NUM_SHOWN = 5
# Shorter ones show nothing, longer ones are unreadable.
_MIN_WORDS, _MAX_WORDS = 4, 20


def choose_examples(examples: Sequence[Example]) -> list[int]:
    """Return indices of a few examples of readable length, from the worst score to the best."""
    readable = [
        example
        for example in examples
        if example.source is not None
        and _MIN_WORDS <= len(example.source.split()) <= _MAX_WORDS
        and example.hypothesis.strip()
    ]
    ranked = sorted(readable, key=lambda example: (example.score, example.index))
    if len(ranked) <= NUM_SHOWN:
        return [example.index for example in ranked]
    last = len(ranked) - 1
    return [ranked[last * i // (NUM_SHOWN - 1)].index for i in range(NUM_SHOWN)]


@track("aligning the examples of the page")
def align_examples(
    translator: TorchTranslator | None, examples: Sequence[Example], directory: Path
) -> tuple[Alignment, ...]:
    """Return alignments of a few examples, and store them in alignments.json.

    Without a translator, since no weights are loaded, stored alignments of the same texts are used.
    """
    file = directory / ALIGNMENTS
    indices = choose_examples(examples)
    texts = [[examples[index].source, examples[index].hypothesis] for index in indices]
    if translator is None:
        return _read(file, texts)
    from t5tune.decoding.alignments import find_alignments

    alignments = find_alignments(
        translator,
        [example.source or "" for example in examples],
        [example.hypothesis for example in examples],
        indices,
    )
    content = {"texts": texts, "alignments": [asdict(alignment) for alignment in alignments]}
    write_text(file, json.dumps(content) + "\n")
    return alignments


def _read(file: Path, texts: list[list[str | None]]) -> tuple[Alignment, ...]:
    """Return the stored alignments of these texts; none if they are foreign or damaged."""
    content = read_object(file)
    if content.get("texts") != texts:
        return ()
    try:
        found = TypeAdapter(tuple[Alignment, ...]).validate_python(content.get("alignments"))
    except ValidationError:
        return ()
    return found if all(map(_is_whole, found)) else ()


def _is_whole(alignment: Alignment) -> bool:
    columns = len(alignment.source_tokens)
    return len(alignment.weights) == len(alignment.target_tokens) and all(
        len(row) == columns for row in alignment.weights
    )
