from __future__ import annotations

import pytest

from t5tune.errors import T5TuneError
from t5tune.models.families import default_prefix, find_family, set_languages


def test_prefixes_are_those_that_t5_was_trained_with() -> None:
    def prefix(*arguments: str | None, is_byte_level: bool = False) -> str:
        return default_prefix(*arguments, is_byte_level=is_byte_level)  # type: ignore[arg-type]

    assert prefix("t5", "translation", "en", "de") == "translate English to German: "
    assert prefix("t5", "translation", "en", "nl") == ""
    assert prefix("t5", "summarization", None, None) == "summarize: "
    assert prefix("t5", "translation", "en", "de", is_byte_level=True) == ""
    assert prefix("mt5", "translation", "en", "de") == ""


def test_families_by_model_type() -> None:
    assert find_family("mt5").name == "t5"
    assert find_family("m2m_100").has_language_tokens
    assert find_family("something-new").name == "other"


class MultilingualTokenizer:
    """The attributes that the tokenizers of M2M100, mBART and NLLB differ in."""

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


def test_an_unknown_language_is_an_error() -> None:
    nllb = MultilingualTokenizer({"eng_Latn": 5, "deu_Latn": 6})
    with pytest.raises(T5TuneError, match="target_lang: the model knows no language tlh"):
        set_languages(nllb, "en", "tlh")  # type: ignore[arg-type]
    with pytest.raises(T5TuneError, match="source_lang: this model needs to know"):
        set_languages(nllb, None, "de")  # type: ignore[arg-type]
