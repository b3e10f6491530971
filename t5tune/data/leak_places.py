"""File and line of training pairs that have leaked, so that people can open them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from t5tune.console import track
from t5tune.data.overlap import TrainingOverlap
from t5tune.data.training_text import TrainingText


def locate_leaks(
    overlaps: Sequence[TrainingOverlap],
    train: TrainingText,
    place_key: str,
    *,
    also_rare: bool = False,
) -> list[TrainingOverlap]:
    """Return the overlaps with the places of the pairs that will be shown.

    While millions of pairs are compared, nobody keeps their lines. If any pair will be shown whose
    place is not known, the training data is read once more, up to the last such pair.

    Args:
        overlaps: Overlaps of sets with the training data.
        train: Training data.
        place_key: Digest of the training data and of the names of its files.
        also_rare: Whether leaks are shown that are too rare to be notable.

    Raises:
        T5TuneError: The training data cannot be read.
    """
    shown = [
        one.worst for one in overlaps if one.worst is not None and (also_rare or one.is_notable)
    ]
    unknown = [one.training_number for one in shown if one.place_key != place_key]
    places = _find_places(train, unknown) if unknown else {}
    return [
        replace(overlap, worst=replace(worst, place=places[number], place_key=place_key))
        if (worst := overlap.worst) is not None and (number := worst.training_number) in places
        else overlap
        for overlap in overlaps
    ]


def _find_places(text: TrainingText, numbers: Iterable[int]) -> dict[int, str]:
    """Return the places of the pairs that training uses by their numbers."""
    wanted, places = set(numbers), dict[int, str]()
    train, cleaning = text.split, text.start_cleaning()
    last, number = max(wanted), 0
    with track(f"locating a leak in {train.where}", last + 1, train.unit) as advance:
        for example in train.read():
            if not cleaning.keeps(example.source, example.references[0]):
                continue
            if number in wanted:
                places[number] = train.locate_last()
            if number == last:
                break
            number += 1
            if number % 1000 == 0:
                advance(1000)
    return places
