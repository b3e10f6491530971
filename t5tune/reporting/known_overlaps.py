"""Overlaps of test sets with a run's training data, each measured once and stored in the run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from t5tune.console import say
from t5tune.data.examples import Examples
from t5tune.data.fingerprints import RowsFingerprint, combine_fingerprints
from t5tune.data.overlap import OverlapCounter, TrainingOverlap, overlap_key
from t5tune.data.pairs import Pairs
from t5tune.data.training_text import TrainingText, open_training
from t5tune.errors import T5TuneError
from t5tune.files.cache_directory import mark_used, user_cache_directory
from t5tune.files.json_values import as_object, read_object
from t5tune.files.writing import write_text
from t5tune.recipe.sections.data_section import DataSection
from t5tune.run.directory import RunDirectory


def find_overlap(
    run: RunDirectory,
    data: DataSection,
    examples: Examples,
    source_lang: str | None,
    target_lang: str | None,
) -> TrainingOverlap | None:
    """Return the overlap of the examples with a run's training data.

    The training data is read only where no training has compared these examples with it.

    Returns:
        The overlap; None, with a message, where the training data is unreadable or has changed.
    """
    recorded = as_object(read_object(run.environment).get("data_sha256")).get("data.train")
    if recorded is not None and (known := known_overlap(run, str(recorded), examples)) is not None:
        return known
    counter = OverlapCounter([examples])
    try:
        if data.is_streamed:
            raise T5TuneError("data.train is streamed, and training compared no such set")
        texts = open_training(data, source_lang, target_lang)
        found = fingerprint_texts(
            texts.values(),
            "comparing the test set with",
            lambda _, pairs: counter.add(pairs, counter.search(pairs)),
        )
    except T5TuneError as error:
        say(f"the test set is not compared with the training data: {error.message}")
        return None
    (overlap,) = counter.results()
    if recorded is None:  # no key to store it under
        return overlap
    if found != recorded:
        say(
            "the test set is not compared with the training data: data.train is not what it was "
            f"when {run.path} was trained"
        )
        return None
    keep_overlap(run, str(recorded), examples, overlap)
    return overlap


def fingerprint_texts(
    texts: Iterable[TrainingText], doing: str, see: Callable[[TrainingText, Pairs], None]
) -> str:
    """Read training data, and return the fingerprint that environment.json has of it.

    Args:
        texts: Texts of its entries; one that several share is read once.
        doing: What is done with them, for the progress.
        see: Function that is called with each chunk of clean pairs, in order, and its text.
    """
    found = []
    for text in {id(text): text for text in texts}.values():
        rows = RowsFingerprint()
        for pairs in text.usable_chunks(doing):
            see(text, pairs)
            rows.add_pairs(*pairs)
        found.append(rows.hexdigest())
    return combine_fingerprints(found)


def keep_overlap(
    run: RunDirectory,
    fingerprint: str,
    examples: Examples,
    overlap: TrainingOverlap,
    *,
    for_others: bool = True,
) -> None:
    """Store an overlap in the run, and in the cache for other runs on the same data.

    Args:
        run: Run of the training data.
        fingerprint: Fingerprint of the training data.
        examples: Examples of any split.
        overlap: Their overlap.
        for_others: Whether every run on the data sees what this one has seen.
    """
    for file in _files(run, fingerprint, examples)[: 2 if for_others else 1]:
        _write(file, overlap)


def known_overlap(
    run: RunDirectory, fingerprint: str, examples: Examples
) -> TrainingOverlap | None:
    """Return an overlap that the run has, or that it now has from the cache.

    Args:
        run: Run of the training data.
        fingerprint: Fingerprint of the training data.
        examples: Examples of any split.
    """
    own, cached = _files(run, fingerprint, examples)
    for file in (own, cached):
        known = TrainingOverlap.from_json(read_object(file))
        if known is not None and len(known.agreement) == len(examples.sources):
            if file is cached:
                _write(own, known)
                mark_used(cached)
            return known
    return None


def _write(file: Path, overlap: TrainingOverlap) -> None:
    with suppress(T5TuneError):  # it can be measured again
        write_text(file, json.dumps(overlap.to_json()) + "\n")


def _files(run: RunDirectory, fingerprint: str, examples: Examples) -> tuple[Path, Path]:
    name = f"{overlap_key(fingerprint, examples.sources, examples.references)}.json"
    return run.overlaps / name, user_cache_directory() / "overlaps" / name
