"""Test that BLEU, chrF2++ and TER are sacreBLEU's numbers to the last digit."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
import sacrebleu
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.metrics.ter import TER

from t5tune.errors import T5TuneError
from t5tune.files.text_files import read_lines
from t5tune.scoring.compute import score_hypotheses, sentence_scores
from t5tune.scoring.score import ScoringOptions
from t5tune.scoring.system_output import SystemOutput

HYPOTHESES = [
    "The dog bit the man, didn't it?",
    "It was not unexpected.",
    "",
    "Der Mann wurde vom Hund gebissen.",
]
FIRST = [
    "The dog bit the man.",
    "It was not surprising.",
    "nobody wrote this",
    "Der Hund biss den Mann.",
]
SECOND = [
    "The dog had bitten the man.",
    "No one was surprised.",
    "",
    "Den Mann biss der HUND.",
]
TWO_REFERENCES = list(zip(FIRST, SECOND, strict=True))


@pytest.mark.parametrize("lowercase", [False, True])
def test_corpus_scores_equal_sacrebleu(lowercase: bool) -> None:
    scores = score_hypotheses(
        ["bleu", "chrf", "ter"],
        SystemOutput(HYPOTHESES, TWO_REFERENCES),
        ScoringOptions(lowercase=lowercase),
    )
    direct = [BLEU(lowercase=lowercase), CHRF(word_order=2, lowercase=lowercase), TER()]
    for ours, metric in zip(scores, direct, strict=True):
        theirs = metric.corpus_score(HYPOTHESES, [FIRST, SECOND])
        assert ours.name == theirs.name
        assert ours.value == theirs.score
        assert ours.signature == str(metric.get_signature())
    assert [score.name for score in scores] == ["BLEU", "chrF2++", "TER"]


def test_signatures_state_references_case_and_version() -> None:
    scores = score_hypotheses(["bleu", "chrf", "ter"], SystemOutput(HYPOTHESES, TWO_REFERENCES))
    signatures = [score.signature.split("|") for score in scores]
    assert all(signature[0] == "nrefs:2" for signature in signatures)
    assert all(signature[-1] == f"version:{sacrebleu.__version__}" for signature in signatures)
    # TER ignores case by default, and says so.
    assert [signature[1] for signature in signatures] == ["case:mixed", "case:mixed", "case:lc"]


def test_numbers_of_references_may_differ() -> None:
    references = [[FIRST[0], SECOND[0]], [FIRST[1]], [FIRST[2]], [FIRST[3], SECOND[3]]]
    streams: list[list[str | None]] = [list(FIRST), [SECOND[0], None, None, SECOND[3]]]
    for name, metric in (("bleu", BLEU()), ("chrf", CHRF(word_order=2)), ("ter", TER())):
        (score,) = score_hypotheses([name], SystemOutput(HYPOTHESES, references))
        theirs = metric.corpus_score(HYPOTHESES, streams)  # type: ignore[arg-type]
        assert score.value == theirs.score
        assert score.signature.startswith("nrefs:var|")


def test_a_missing_reference_is_not_an_empty_one() -> None:
    # The empty reference is nearest in length to a short hypothesis, so it changes BLEU.
    hypotheses = ["a b c d", "a"]
    missing = score_hypotheses(["bleu"], SystemOutput(hypotheses, [["a b c d", "x"], ["a b c"]]))
    empty = score_hypotheses(["bleu"], SystemOutput(hypotheses, [["a b c d", "x"], ["a b c", ""]]))
    assert missing[0].value != empty[0].value


def test_sentence_bleu_uses_effective_order() -> None:
    values = sentence_scores("bleu", SystemOutput(["yes", "no"], [["yes"], ["yes"]]))
    assert values == [pytest.approx(100.0), 0.0]
    # Corpus BLEU of one-word sentences is 0 by definition; that would rank nothing.
    assert score_hypotheses(["bleu"], SystemOutput(["yes"], [["yes"]]))[0].value == 0.0


def test_sentence_scores_equal_sacrebleu() -> None:
    for name, metric in (
        ("bleu", BLEU(effective_order=True)),
        ("chrf", CHRF(word_order=2)),
        ("ter", TER()),
    ):
        expected = [
            metric.sentence_score(hypothesis, list(references)).score
            for hypothesis, references in zip(HYPOTHESES, TWO_REFERENCES, strict=True)
        ]
        assert sentence_scores(name, SystemOutput(HYPOTHESES, TWO_REFERENCES)) == expected


def test_tokenizer_can_be_chosen() -> None:
    (score,) = score_hypotheses(
        ["bleu"], SystemOutput(HYPOTHESES, TWO_REFERENCES), ScoringOptions(tokenize="char")
    )
    assert "tok:char" in score.signature
    assert score.value == BLEU(tokenize="char").corpus_score(HYPOTHESES, [FIRST, SECOND]).score


@pytest.mark.parametrize("lowercase", [False, True])
def test_bleu_on_international_tokens_equals_sacrebleu(lowercase: bool, real_data: Path) -> None:
    folder = real_data / "wmt17_systems"
    hypotheses = read_lines(str(folder / "newstest2017.uedin-nmt.4722.en-de"))
    references = read_lines(str(folder / "reference"))
    ours, bleu = score_hypotheses(
        ["bleu_intl", "bleu"],
        SystemOutput(hypotheses, [[one] for one in references]),
        ScoringOptions(lowercase=lowercase),
    )
    metric = BLEU(tokenize="intl", lowercase=lowercase)
    assert ours.value == metric.corpus_score(hypotheses, [references]).score
    assert ours.signature == str(metric.get_signature())
    assert "tok:intl" in ours.signature
    assert (ours.name, bleu.name) == ("BLEU-intl", "BLEU")
    assert ours.value != bleu.value


def test_international_tokens_are_the_definition() -> None:
    (score,) = score_hypotheses(
        ["bleu_intl"],
        SystemOutput(["今天"], [["今天"]]),
        ScoringOptions(tokenize="char", target_lang="zh"),
    )
    assert "tok:intl" in score.signature


@pytest.mark.parametrize(
    ("code", "module", "tokenizer", "text", "reference"),
    [
        ("ja", "MeCab", "ja-mecab", "今日は天気がとても良いです。", "今日は天気が良いです。"),
        ("jpn_Jpan", "MeCab", "ja-mecab", "今日は天気がとても良いです。", "今日は天気が良いです。"),
        ("ko", "mecab_ko", "ko-mecab", "오늘은 날씨가 아주 좋습니다.", "오늘은 날씨가 좋습니다."),
    ],
)
def test_japanese_and_korean_get_their_tokenizers(
    code: str, module: str, tokenizer: str, text: str, reference: str
) -> None:
    pytest.importorskip(module)
    (score,) = score_hypotheses(
        ["bleu"], SystemOutput([text], [[reference]]), ScoringOptions(target_lang=code)
    )
    metric = BLEU(tokenize=tokenizer)
    assert score.value == metric.corpus_score([text], [[reference]]).score
    assert f"tok:{tokenizer}" in score.signature
    # Splitting at white space would find a single token, and no match, in Japanese.
    assert score.value > 0


@pytest.mark.parametrize("code", ["zh", "zh_CN", "zh-TW", "zho_Hans"])
def test_chinese_gets_its_tokenizer_in_every_spelling_of_the_code(code: str) -> None:
    hypothesis, reference = "今天天气很好。", "今天天气非常好。"
    (score,) = score_hypotheses(
        ["bleu"], SystemOutput([hypothesis], [[reference]]), ScoringOptions(target_lang=code)
    )
    assert "tok:zh" in score.signature
    assert score.value == BLEU(trg_lang="zh").corpus_score([hypothesis], [[reference]]).score
    assert score.value > 0


def test_unknown_tokenizer_is_a_user_error() -> None:
    with pytest.raises(T5TuneError, match=r"no tokenizer '13b'.*13a"):
        score_hypotheses(["bleu"], SystemOutput(["a"], [["a"]]), ScoringOptions(tokenize="13b"))


@pytest.mark.parametrize(
    ("language", "module", "extra"),
    [("ja", "MeCab", "ja"), ("jpn_Jpan", "MeCab", "ja"), ("ko", "mecab_ko", "ko")],
)
def test_missing_tokenizer_package_names_the_pip_command(
    language: str, module: str, extra: str
) -> None:
    if importlib.util.find_spec(module) is not None:
        pytest.skip(f"{module} is installed, so nothing is missing")
    with pytest.raises(T5TuneError, match=module) as caught:
        score_hypotheses(
            ["bleu"], SystemOutput(["a"], [["a"]]), ScoringOptions(target_lang=language)
        )
    assert caught.value.next_command == f'pip install "sacrebleu[{extra}]"'
    # A built-in tokenizer needs no extra package, whatever the language.
    assert score_hypotheses(
        ["bleu"],
        SystemOutput(["a"], [["a"]]),
        ScoringOptions(target_lang=language, tokenize="char"),
    )
