from __future__ import annotations

import pytest
from transformers.models.nllb.tokenization_nllb import FAIRSEQ_LANGUAGE_CODES

from t5tune.scoring import language_identity
from t5tune.scoring.languages import short_code, without_region

# NLLB's codes and their two letters, as in the tables that langcodes replaced.
OF_NLLB = """
    arb ar, bul bg, ben bn, cat ca, ces cs, dan da, deu de, ell el, eng en, spa es, est et, pes fa,
    fin fi, fra fr, heb he, hin hi, hrv hr, hun hu, ind id, ita it, jpn ja, kat ka, kor ko, lit lt,
    lvs lv, nld nl, nob no, pol pl, por pt, ron ro, rus ru, slk sk, slv sl, swe sv, swh sw, tam ta,
    tha th, tur tr, ukr uk, urd ur, vie vi, zho zh, afr af, als sq, azj az, bel be, bos bs, cym cy,
    epo eo, eus eu, gle ga, glg gl, guj gu, hye hy, isl is, kan kn, kaz kk, khm km, mal ml, mar mr,
    mkd mk, mlt mt, npi ne, srp sr, tel te, zsm ms
"""
OTHERS = "cmn zh, ekk et, fas fa, nb no, nor no, sqi sq"


@pytest.mark.parametrize("pair", (OF_NLLB + "," + OTHERS).replace("\n", "").split(","))
def test_codes_of_three_letters_have_the_same_short_ones_as_ever(pair: str) -> None:
    code, short = pair.split()
    assert short_code(code) == short_code(f"{code}_Latn") == short_code(short) == short


def test_each_spelling_of_a_code() -> None:
    codes = ("de", "de_DE", "deu_Latn", "zho_Hans", "pt-BR", "EN", "tlh", "Klingon", None, "")
    assert [short_code(code) for code in codes] == [
        "de", "de", "de", "zh", "pt", "en", "tlh", "klingon", None, None,
    ]  # fmt: skip
    assert [without_region(code) for code in ("deu_Latn", "pt-BR", "EN")] == ["deu", "pt", "en"]


def test_no_two_languages_of_nllb_have_one_code_but_akan_and_twi() -> None:
    by_code: dict[str | None, set[str]] = {}
    for code in FAIRSEQ_LANGUAGE_CODES:
        by_code.setdefault(short_code(code), set()).add(code.split("_")[0])
    several = {code: found for code, found in by_code.items() if len(found) > 1}
    assert several == {"ak": {"aka", "twi"}}


def test_codes_of_the_language_identifier_stay_apart() -> None:
    labels = [str(label) for label in language_identity._identifier().labels]
    assert len({short_code(label) for label in labels}) == len(labels) > 100
    groups = language_identity._ALIKE
    assert all(short_code(code) == code for code in set.union(language_identity._COMMON, *groups))


@pytest.mark.parametrize(
    ("text", "is_language"),
    [
        ("Zwei Männer stehen auf der Brücke und sehen auf den Fluss.", "de"),
        ("Two men are standing on the bridge and look at the river.", "en"),
        ("两个男人站在桥上看着下面的河流。", "zh"),
        ("二人の男性が橋の上に立って川を見ています。", "ja"),
    ],
)
def test_the_quick_look_at_a_language_sees_it_and_takes_no_other_for_it(
    text: str, is_language: str
) -> None:
    found = [
        language
        for language in ("de", "en", "nl", "zh", "ja")
        if language_identity.seems_to_be(text, language, None)
    ]
    assert found == [is_language]
    assert not language_identity.seems_to_be("Donaudampfschifffahrt", is_language, None)


def test_the_quick_look_forgets_words_without_changing_its_mind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(language_identity, "_MOST_WORDS", language_identity._QUICK_LOOK + 3)
    words = language_identity._ShortWords(["de", "en"])
    texts = ["the man is on the hill", "der Mann ist auf dem Berg"] * 2
    assert [words.find_language(text.split()) for text in texts] == ["en", "de"] * 2
    assert len(words) <= language_identity._QUICK_LOOK + 3
