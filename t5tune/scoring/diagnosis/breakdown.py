"""Strengths and weaknesses of a system: scores of parts of the test set."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from t5tune.scoring.compute import OutputScorer
from t5tune.scoring.diagnosis.evidence import Overlap
from t5tune.scoring.diagnosis.findings import Breakdown, Bucket
from t5tune.scoring.diagnosis.generalization import Novelty, break_down_by_novelty
from t5tune.scoring.metrics.rouge import UnicodeWordTokenizer
from t5tune.scoring.registry import metric_for_parts
from t5tune.scoring.score import Score

# Corpus scores of fewer examples say little about the system.
MIN_EXAMPLES = 10

# Largest number of words of each bucket; longer sources are in a last one.
_LENGTH_EDGES = (5, 10, 15, 20, 30, 40, 60, 100, 200, 400, 800)
_COUNT_EDGES = (0, 1, 4, 19, 99)

AGREEMENT = "training_agreement"
# In the order of the buckets, the clean part last.
_AGREEMENT_LABELS = {
    "exact": "the same pair is in the training data",
    "same_source": "the same source is in the training data",
    "near": "nearly the same source is in the training data",
    "clean": "not in the training data",
}

ScoreSome = Callable[[Sequence[int]], tuple[Score, ...]]


def break_down(
    scorer: OutputScorer,
    metrics: Sequence[str],
    *,
    overlap: Overlap | None = None,
    novelty: Novelty | None = None,
    num_resamples: int = 0,
) -> tuple[Breakdown, ...]:
    """Score the examples by the length of the source, rare words and leaks, and by what is new.

    The scores are those of `metric_for_parts`; by leaks, those of the first metric whose numbers of
    single examples are known already, to be compared with the main score. A bucket of fewer than
    ten examples has none, except that neighbours in length are joined until they are ten.

    Without sources there is no breakdown by their length, without an overlap none by rare words and
    leaks; nor one with a single bucket, which would repeat the report, unless it is about novelty.
    Where any example has leaked, all buckets are there, also without examples.

    Raises:
        T5TuneError: As `score_hypotheses` does.
        ValueError: The overlap or the novelty is that of another number of examples.
    """
    metric, output = metric_for_parts(metrics), scorer.output

    def score(indices: Sequence[int], metric: str = metric) -> tuple[Score, ...]:
        if len(indices) < MIN_EXAMPLES:
            return ()
        return tuple(scorer.score([metric], indices, num_resamples=num_resamples))

    breakdowns = []
    if output.sources is not None:
        breakdowns.append(_by_length(output.sources, score))
    if overlap is not None:
        if {len(overlap.rarest_word_counts), len(overlap.agreement)} != {len(output)}:
            raise ValueError(f"the overlap is not that of {len(output)} examples")
        breakdowns.append(_by_rarest_word(overlap.rarest_word_counts, score))
        comparable = next(filter(scorer.has_rows, metrics), metric)
        breakdowns.append(_by_agreement(overlap.agreement, partial(score, metric=comparable)))
    telling = [breakdown for breakdown in breakdowns if len(breakdown.buckets) > 1]
    if novelty is not None:
        if len(novelty.num_pairs) != len(output):
            raise ValueError(f"the novelty is not that of {len(output)} examples")
        telling += break_down_by_novelty(novelty, score)
    return tuple(telling)


def _by_length(sources: Sequence[str], score: ScoreSome) -> Breakdown:
    tokenize = UnicodeWordTokenizer().tokenize
    members = _sort_in((len(tokenize(source)) for source in sources), _LENGTH_EDGES)
    buckets = [
        Bucket(_range_label(low, high, "word"), len(indices), score(indices))
        for (low, high), indices in _join_small(members).items()
    ]
    return Breakdown("source_length", "length of the source in words", tuple(buckets))


def _by_rarest_word(counts: Sequence[int | None], score: ScoreSome) -> Breakdown:
    known = [index for index, count in enumerate(counts) if count is not None]
    members = _sort_in((count for count in counts if count is not None), _COUNT_EDGES)
    buckets = []
    for (low, high), places in members.items():
        indices = [known[place] for place in places]
        label = "never seen" if high == 0 else _range_label(low, high, "example")
        buckets.append(Bucket(label, len(indices), score(indices)))
    title = "training examples with the rarest word of the source"
    return Breakdown("rarest_word", title, tuple(buckets))


def _by_agreement(agreement: Sequence[str], score: ScoreSome) -> Breakdown:
    buckets = []
    for kind, label in _AGREEMENT_LABELS.items():
        indices = [index for index, one in enumerate(agreement) if one == kind]
        buckets.append(Bucket(label, len(indices), score(indices)))
    if buckets[-1].num_examples == len(agreement):
        buckets = buckets[-1:]
    return Breakdown(AGREEMENT, "agreement with the training data", tuple(buckets))


Range = tuple[int, int | None]


def _sort_in(values: Iterable[int], edges: Sequence[int]) -> dict[Range, list[int]]:
    """Return positions of the values by range (ends included), without empty ranges."""
    lows = [0, *(edge + 1 for edge in edges)]
    ranges: list[Range] = list(zip(lows, [*edges, None], strict=True))
    members: dict[Range, list[int]] = {one: [] for one in ranges}
    for position, value in enumerate(values):
        place = next(one for one in ranges if one[1] is None or value <= one[1])
        members[place].append(position)
    return {one: positions for one, positions in members.items() if positions}


def _join_small(members: Mapping[Range, list[int]]) -> dict[Range, list[int]]:
    """Join neighbouring ranges until each has enough examples for a score."""
    joined: list[tuple[Range, list[int]]] = []
    for (low, high), indices in members.items():
        if joined and len(joined[-1][1]) < MIN_EXAMPLES:
            (first, _), before = joined.pop()
            joined.append(((first, high), sorted(before + indices)))
        else:
            joined.append(((low, high), indices))
    if len(joined) > 1 and len(joined[-1][1]) < MIN_EXAMPLES:
        (_, high), last = joined.pop()
        (low, _), before = joined.pop()
        joined.append(((low, high), sorted(before + last)))
    return dict(joined)


def _range_label(low: int, high: int | None, unit: str) -> str:
    if high is None:
        return f"{low} {unit}s or more"
    if low == 0:
        return f"up to {high} {unit}s"
    if low == high:
        return f"{low} {unit}" + ("s" if low != 1 else "")
    return f"{low} to {high} {unit}s"
