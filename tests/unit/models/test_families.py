from __future__ import annotations

import pytest
from transformers.models.nllb.tokenization_nllb import FAIRSEQ_LANGUAGE_CODES

from t5tune.errors import T5TuneError
from t5tune.models.families import (
    FAMILIES,
    OTHER,
    default_prefix,
    find_family,
    find_owner,
    set_languages,
)


def test_prefixes_are_those_that_t5_was_trained_with() -> None:
    def prefix(*arguments: str | None, is_byte_level: bool = False) -> str:
        return default_prefix(*arguments, is_byte_level=is_byte_level)  # type: ignore[arg-type]

    assert prefix("t5", "translation", "en", "de") == "translate English to German: "
    assert prefix("t5", "translation", "en", "nl") == ""
    assert prefix("t5", "summarization", None, None) == "summarize: "
    assert prefix("t5", "translation", "en", "de", is_byte_level=True) == ""
    assert prefix("mt5", "translation", "en", "de") == ""


def test_families_by_model_type() -> None:
    assert find_family("mt5").title == "mT5"
    assert find_family("m2m_100").has_language_tokens
    assert find_family("something-new") is OTHER


# How the families were treated when each of these facts had its own table.
FACTS = {
    "learning_rate": {
        3e-4: "t5 mt5 umt5 longt5 switch_transformers t5gemma t5gemma2",
        3e-5: "bart pegasus led blenderbot pegasus_x mbart m2m_100",
        5e-5: "marian nllb-moe",
    },
    "has_language_tokens": {True: "mbart m2m_100"},
    "has_prefixes": {True: "t5"},
    "has_relative_positions": {True: "t5 mt5 umt5"},
    "has_plain_output_layer": {True: "t5 mt5 umt5 longt5 m2m_100"},
    "has_t5_sublayers": {True: "t5 mt5"},
    "scales_outputs": {True: "t5 mt5"},
    "starts_from_last_label": {True: "mbart"},
    "starts_from_padding": {True: "marian"},
}


@pytest.mark.parametrize("fact", FACTS)
def test_each_family_has_its_facts_and_no_other_has_them(fact: str) -> None:
    known = [model_type for family in FAMILIES for model_type in family.model_types]
    assert len(set(known)) == len(known) == 16
    for value, model_types in FACTS[fact].items():
        found = [one for one in known if getattr(find_family(one), fact) == value]
        assert sorted(found) == sorted(model_types.split())


def test_the_owner_of_a_model_on_the_hub_is_told_by_its_name() -> None:
    names = {
        "google": "t5-v1_1-base flan-t5-base mt5-small umt5-small byt5-small long-t5-local-base "
        "pegasus-xsum t5gemma-2b-2b-prefixlm-it t5gemma-2-270m-270m",
        "facebook": "bart-base mbart-large-50 nllb-200-distilled-600M m2m100_418M",
        "Helsinki-NLP": "opus-mt-en-de",
    }
    for owner, of_owner in names.items():
        assert {find_owner(name) for name in of_owner.split()} == {owner}
    assert find_owner("something-new") is None


class MultilingualTokenizer:
    """Have the attributes in which the tokenizers of M2M100, mBART and NLLB differ."""

    src_lang = tgt_lang = None

    def __init__(self, tokens: dict[str, int], codes: dict[str, str] | None = None) -> None:
        self.tokens = tokens
        self.all_special_tokens = list(tokens)
        if codes:
            self.lang_code_to_token = codes

    def get_vocab(self) -> dict[str, int]:
        return self.tokens

    def get_added_vocab(self) -> dict[str, int]:
        return {}

    def convert_tokens_to_ids(self, token: str) -> int:
        return self.tokens[token]


def test_languages_are_found_by_iso_code_in_each_spelling() -> None:
    nllb = MultilingualTokenizer({"eng_Latn": 5, "deu_Latn": 6})
    assert set_languages(nllb, "en", "de") == 6  # type: ignore[arg-type]
    assert (nllb.src_lang, nllb.tgt_lang) == ("eng_Latn", "deu_Latn")
    mbart = MultilingualTokenizer({"en_XX": 7, "de_DE": 8})
    assert set_languages(mbart, "en_XX", "de") == 8  # type: ignore[arg-type]
    m2m = MultilingualTokenizer({"__en__": 1, "__de__": 2}, {"en": "__en__", "de": "__de__"})
    assert set_languages(m2m, "de", "en") == 1  # type: ignore[arg-type]


# ISO 639-1 to the codes of NLLB's language tokens (NLLB Team 2022, table 1).
NLLB = """
    ar arb_Arab, bg bul_Cyrl, bn ben_Beng, ca cat_Latn, cs ces_Latn, da dan_Latn, de deu_Latn,
    el ell_Grek, en eng_Latn, es spa_Latn, et est_Latn, fa pes_Arab, fi fin_Latn, fr fra_Latn,
    he heb_Hebr, hi hin_Deva, hr hrv_Latn, hu hun_Latn, id ind_Latn, it ita_Latn, ja jpn_Jpan,
    ka kat_Geor, ko kor_Hang, lt lit_Latn, lv lvs_Latn, nl nld_Latn, no nob_Latn, pl pol_Latn,
    pt por_Latn, ro ron_Latn, ru rus_Cyrl, sk slk_Latn, sl slv_Latn, sv swe_Latn, sw swh_Latn,
    ta tam_Taml, th tha_Thai, tr tur_Latn, uk ukr_Cyrl, ur urd_Arab, vi vie_Latn, zh zho_Hans,
    nn nno_Latn, ms zsm_Latn, twi twi_Latn, aka aka_Latn, zho zho_Hans
"""


def test_a_language_is_found_among_all_of_nllb() -> None:
    tokens = {code: number for number, code in enumerate(FAIRSEQ_LANGUAGE_CODES)}
    nllb = MultilingualTokenizer(tokens)
    for pair in NLLB.replace("\n", "").split(","):
        language, code = pair.split()
        assert set_languages(nllb, "en", language) == tokens[code]  # type: ignore[arg-type]


def test_an_unknown_language_is_an_error() -> None:
    nllb = MultilingualTokenizer({"eng_Latn": 5, "deu_Latn": 6})
    with pytest.raises(T5TuneError, match="target_lang: the model does not know the language tlh"):
        set_languages(nllb, "en", "tlh")  # type: ignore[arg-type]
    with pytest.raises(T5TuneError, match="source_lang: this model needs to know"):
        set_languages(nllb, None, "de")  # type: ignore[arg-type]
