"""Building of a token store: pairs are cleaned, counted, tokenized and written in chunks."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from t5tune.data.augmentation.rounds import NO_AUGMENTATION, Encoded, RoundCounts, Rounds
from t5tune.data.executors.chosen_executor import map_in_order
from t5tune.data.fingerprints import RowsFingerprint
from t5tune.data.pair_encoding import EncodedSide, PairEncoder
from t5tune.data.pairs import Cleaning, NumberedPairs, Pairs, number_pairs, refuse_blank
from t5tune.data.store.sequence_files import SequenceWriter, fingerprint_files, id_type
from t5tune.data.store.store_key import StoreKey
from t5tune.data.store.store_manifest import MANIFEST, StoreManifest
from t5tune.errors import T5TuneError
from t5tune.files.writing import UNWRITABLE, find_error_number, write_directory

SIDES = ("sources", "targets")


class Watch(Protocol):
    """Something else that is done with the pairs while they are tokenized."""

    def search(self, pairs: Pairs) -> Any:
        """Return what is found in the pairs of a chunk; in any process, and in any order."""

    def add(self, pairs: Pairs, found: Any) -> None:
        """Take what was found in the next chunk; in the process that builds the store."""


def build_store(
    directory: Path,
    key: StoreKey,
    chunks: Callable[[], Iterable[Pairs]],
    encode: PairEncoder,
    *,
    origin: str,
    rounds: Rounds = NO_AUGMENTATION,
    start_cleaning: Callable[[], Cleaning] = Cleaning,
    watch: Watch | None = None,
    describe_readings: Callable[[], Sequence[str]] = tuple,
) -> None:
    """Write a store; nothing is left of it if that fails.

    Args:
        directory: Directory to create, under its final name only when it is complete.
        key: Key of the store.
        chunks: Function that reads the training pairs, without the prefix; called in each round.
        encode: Encoder of the pairs.
        origin: Place of the examples, for people.
        rounds: Variants of the examples.
        start_cleaning: Function that returns what leaves out pairs; called in each round.
        watch: What else is done with the pairs that are kept.
        describe_readings: Function that is called at the end for the manifest's remarks.

    Raises:
        T5TuneError: No example is left, the data cannot be read, or the disk is full.
    """

    def work(place: tuple[int, NumberedPairs]) -> tuple[Encoded, Any]:
        number, chunk = place
        found = watch.search(chunk.pairs) if watch is not None and number == 0 else None
        return rounds.encode(encode, chunk, number), found

    cleaning, fingerprint, counts = start_cleaning(), RowsFingerprint(), RoundCounts()

    def read() -> Iterator[tuple[int, NumberedPairs]]:
        for number in range(rounds.num):
            cleaner = cleaning if number == 0 else start_cleaning()
            for chunk in number_pairs(cleaner.clean(chunks())):
                yield number, chunk

    dtype = id_type(encode.vocab_size)
    with _explaining_full_disks(directory), write_directory(directory) as temporary:
        writers = [SequenceWriter(temporary, side, dtype) for side in SIDES]
        num_truncated = 0
        for (number, (_, pairs, _)), (encoded, found) in map_in_order(work, read()):
            num_cut = _append(writers, encoded.sides)
            counts.add(encoded)
            if number == 0:  # texts and their lengths are those of the data in every round
                fingerprint.add_pairs(*pairs)
                if watch is not None:
                    watch.add(pairs, found)
                num_truncated += num_cut
        if cleaning.num_read == cleaning.num_dropped:
            raise refuse_blank()
        num_kept = cleaning.num_read - cleaning.num_dropped
        digests = [writer.close() for writer in writers]
        manifest = StoreManifest(
            key.to_json(),
            origin,
            cleaning.num_read,
            cleaning.num_blank,
            num_truncated,
            max(writer.largest_id for writer in writers),
            dtype.str,
            fingerprint.hexdigest(),
            fingerprint_files(temporary, SIDES, dtype),
            list(describe_readings()),
            {name: digest for of_side in digests for name, digest in of_side.items()},
            None if rounds.identity is None else counts.to_json(rounds.num, num_kept),
            None if cleaning.report is None else cleaning.report.to_json(),
        )
        (temporary / MANIFEST).write_text(manifest.to_text(), encoding="utf-8")


def _append(writers: Sequence[SequenceWriter], sides: Sequence[EncodedSide]) -> int:
    for writer, side in zip(writers, sides, strict=True):
        writer.append(side.lengths, side.ids)
    return sum(side.num_truncated for side in sides)


@contextmanager
def _explaining_full_disks(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if find_error_number(error) not in UNWRITABLE:
            raise
        raise T5TuneError(
            f"The tokens of data.train could not be written to {directory.parent}: "
            f"{os.strerror(error.errno or 0)}.",
            next_command="t5tune cache prune   # or T5TUNE_CACHE=DIRECTORY on another disk",
        ) from error
