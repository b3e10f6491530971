"""Training data that is tokenized while training, and what is known of it before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from t5tune.console import say, track
from t5tune.data.augmentation.rounds import Rounds
from t5tune.data.encoding import EncodedDataset, TokenSequences
from t5tune.data.examples import Examples
from t5tune.data.fingerprints import RowsFingerprint
from t5tune.data.overlap import OverlapCounter
from t5tune.data.pair_encoding import PairEncoder
from t5tune.data.streaming import SHUFFLE_BUFFER, ExampleStream
from t5tune.recipe.resolved_recipe import ResolvedData
from t5tune.reporting.known_overlaps import keep_overlap
from t5tune.reporting.reports.leak_sentences import describe_leaks
from t5tune.run.directory import RunDirectory
from t5tune.training.preparation.texts import Texts

_FINGERPRINTED = 1000  # first examples; their tokens are computed later


@dataclass(frozen=True)
class StreamedTokens:
    """Tokens of training data that is streamed; only the main process has them.

    Attributes:
        stream: Windows of tokens.
        fingerprint: SHA-256 of the place, the sizes of its files and the first examples.
        sets: Sets that are translated.
        counter: Comparison of these sets with what is read.
        describe_readings: Function that describes values that are not texts, and bad rows.
    """

    stream: ExampleStream
    fingerprint: str
    sets: Sequence[Examples]
    counter: OverlapCounter
    describe_readings: Callable[[], list[str]]

    def keep_overlaps(self, run: RunDirectory) -> None:
        """Store and describe the overlaps with what this training has read, and bad rows.

        Nothing is stored where training had ended before and nothing was read.
        """
        if not self.stream.num_windows:
            return
        overlaps = self.counter.results()
        for examples, overlap in zip(self.sets, overlaps, strict=True):
            keep_overlap(run, self.fingerprint, examples, overlap, for_others=False)
        for sentence in describe_leaks(self.sets, overlaps):
            say(sentence)
        report = self.stream.cleaning.report
        cleaning = () if report is None else report.describe()
        for sentence in (*self.describe_readings(), *cleaning):
            say(f"data.train: {sentence}")


def open_stream(
    texts: Texts,
    tokenizer: PreTrainedTokenizerBase,
    data: ResolvedData,
    model: PreTrainedModel,
    rounds: Rounds,
) -> StreamedTokens:
    """Open the training data, and say what is not known of it.

    Raises:
        T5TuneError: The first examples cannot be read.
    """
    split, counter = texts.training.split, OverlapCounter(texts.translated)
    rows = RowsFingerprint()
    with track("opening data.train"):
        for example in islice(split.read(), _FINGERPRINTED):
            rows.add_pairs([example.source], [example.references[0]])
    parts: list[object] = [texts.identity.values, rows.hexdigest()]
    if rounds.identity is not None:
        parts.append(rounds.identity)
    fingerprint = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
    (entry,) = data.training_entries.values()
    size = entry.shuffle_buffer or SHUFFLE_BUFFER
    stacks = model.get_encoder(), model.get_decoder()
    stream = ExampleStream(
        texts.training,
        PairEncoder(tokenizer, entry.prefix or "", data.max_source_length, data.max_target_length),
        size,
        max(len(stack.get_input_embeddings().weight) for stack in stacks),
        texts.identity.check_unchanged,
        lambda pairs: counter.add(pairs, counter.search(pairs)),
        rounds,
    )
    num = len(texts.validation.sources)
    test = f", {len(texts.test.sources):,} test" if texts.test is not None else ""
    say(
        f"data: training examples are streamed, {size:,} at a time; {num:,} validation{test}; "
        "blank and cut examples are not counted"
    )
    return StreamedTokens(stream, fingerprint, texts.translated, counter, split.describe_readings)


def imagine_longest(data: ResolvedData) -> EncodedDataset:
    """Return one example as long as any that a stream may give."""
    sides = ([[0] * limit] for limit in (data.max_source_length, data.max_target_length))
    sources, targets = map(TokenSequences, sides)
    return EncodedDataset(sources, targets)
