"""Overlaps of test sets with a run's training data, each measured once and stored in the run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from t5tune.console import say, track
from t5tune.data.cleaning import clean_training_data
from t5tune.data.examples import Examples
from t5tune.data.fingerprints import RowsFingerprint
from t5tune.data.overlap import TrainingOverlap, measure_overlap, overlap_key
from t5tune.data.readers.sources import load_split
from t5tune.errors import T5TuneError
from t5tune.files.json_values import as_object, read_object
from t5tune.files.writing import write_text
from t5tune.recipe.schema import DataSection
from t5tune.run.directory import RunDirectory

if TYPE_CHECKING:
    from datasets import Dataset

_CHUNK = 1000  # examples between two progress updates


def find_overlap(
    run: RunDirectory,
    data: DataSection,
    examples: Examples,
    source_lang: str | None,
    target_lang: str | None,
) -> TrainingOverlap | None:
    """Return the overlap of the examples with a run's training data.

    The training data is read only where `measure_while_there` has not seen these examples.

    Returns:
        The overlap; None, with a message, where the training data is unreadable or has changed.
    """
    recorded = as_object(read_object(run.environment).get("data_sha256")).get("data.train")
    file = _file(run, str(recorded), examples)
    if recorded is not None and (known := _read(file, examples)) is not None:
        return known
    try:
        train = load_split(data, "train", source_lang, target_lang)
        train, _ = clean_training_data(train)
    except T5TuneError as error:
        say(f"the test set is not compared with the training data: {error.message}")
        return None
    rows = RowsFingerprint()
    overlap = _measure(rows.watch(_pairs(train)), len(train), examples)
    if recorded is None:  # no key to store it under
        return overlap
    if rows.hexdigest() != recorded:
        say(
            "the test set is not compared with the training data: data.train is not what it was "
            f"when {run.path} was trained"
        )
        return None
    _keep(overlap, file)
    return overlap


def measure_while_there(
    run: RunDirectory,
    fingerprint: str,
    sources: Sequence[str],
    targets: Sequence[str],
    examples: Examples,
) -> None:
    """Measure an overlap while the training data is in memory, unless the run has it already.

    The sources come without the prefix.
    """
    file = _file(run, fingerprint, examples)
    if _read(file, examples) is None:
        pairs = zip(sources, targets, strict=True)
        _keep(_measure(pairs, len(sources), examples), file)


def _measure(
    pairs: Iterable[tuple[str, str]], num_pairs: int, examples: Examples
) -> TrainingOverlap:
    with track("comparing with the training data", num_pairs, "examples") as advance:

        def counted() -> Iterator[tuple[str, str]]:
            for number, pair in enumerate(pairs, start=1):
                yield pair
                if number % _CHUNK == 0:
                    advance(_CHUNK)

        return measure_overlap(counted(), examples.sources, examples.references)


def _file(run: RunDirectory, fingerprint: str, examples: Examples) -> Path:
    key = overlap_key(fingerprint, examples.sources, examples.references)
    return run.overlaps / f"{key}.json"


def _read(file: Path, examples: Examples) -> TrainingOverlap | None:
    known = TrainingOverlap.from_json(read_object(file))
    return known if known and len(known.agreement) == len(examples.sources) else None


def _keep(overlap: TrainingOverlap, file: Path) -> None:
    with suppress(T5TuneError):  # it can be measured again
        write_text(file, json.dumps(overlap.to_json()) + "\n")


def _pairs(train: Dataset) -> Iterator[tuple[str, str]]:
    for rows in train.select_columns(["source", "target"]).iter(batch_size=_CHUNK):
        yield from zip(rows["source"], rows["target"], strict=True)
