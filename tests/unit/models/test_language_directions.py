from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from t5tune.errors import T5TuneError
from t5tune.models.input_settings import Direction, InputSettings
from t5tune.models.language_directions import check_languages, choose_prefixes, name_tags
from t5tune.recipe.sections.data_section import DataSection


def tokenizer(*tokens: str) -> Any:
    return SimpleNamespace(get_vocab=lambda: dict.fromkeys(tokens, 0))


EN_DE, DE_EN, EN_NL, FR_DE = ("en", "de"), ("de", "en"), ("en", "nl"), ("fr", "de")


def test_tags_name_the_target_and_both_where_it_is_not_enough() -> None:
    assert name_tags([EN_DE, DE_EN]) == {EN_DE: "<2de>", DE_EN: "<2en>"}
    assert name_tags([EN_DE, FR_DE]) == {EN_DE: "<en2de>", FR_DE: "<fr2de>"}


@pytest.mark.parametrize(
    ("model_type", "tokens", "directions", "from_scratch", "prefixes"),
    [
        (
            "t5",
            [],
            [EN_DE, EN_NL],
            False,
            ["translate English to German: ", "translate en to nl: "],
        ),
        ("t5", ["<2de>", "<2nl>"], [EN_DE, EN_NL], False, ["<2de> ", "<2nl> "]),
        ("t5", [], [EN_DE, DE_EN], True, ["<2de> ", "<2en> "]),
        ("mt5", [], [EN_DE, FR_DE], False, ["<en2de> ", "<fr2de> "]),
        ("marian", [">>deu<<", ">>nld<<"], [EN_DE, EN_NL], False, [">>deu<< ", ">>nld<< "]),
        ("mbart", [], [EN_DE, DE_EN], False, ["", ""]),
    ],
)
def test_each_direction_has_what_the_model_knows_it_by(
    model_type: str, tokens: list[str], directions: Any, from_scratch: bool, prefixes: list[str]
) -> None:
    found = choose_prefixes(
        model_type, tokenizer(*tokens), "translation", directions, from_scratch=from_scratch
    )
    assert list(found.values()) == prefixes


def test_a_language_without_a_token_is_named() -> None:
    with pytest.raises(T5TuneError, match="none for nl"):
        choose_prefixes(
            "marian", tokenizer(">>deu<<"), "translation", [EN_DE, EN_NL], from_scratch=False
        )


def test_an_entry_in_a_language_without_a_token_is_named() -> None:
    entries = [{"file": "a"}, {"file": "b", "target_lang": "xx"}]
    data = DataSection.model_validate({"train": entries, "validation": entries[0]})
    known = SimpleNamespace(
        lang_code_to_token={"en": "__en__", "de": "__de__"}, convert_tokens_to_ids=len
    )
    with pytest.raises(T5TuneError, match=r"data\.train\[1\]\.target_lang: .* language xx"):
        check_languages(data, EN_DE, known)  # type: ignore[arg-type]


def test_languages_choose_a_direction() -> None:
    settings = InputSettings(directions=(Direction(*EN_DE, "a "), Direction(*DE_EN, "b ")))
    assert settings.choose(None, "en").prefix == settings.choose("de", "en").prefix == "b "
    for given, problem in ((None, "which one is wanted"), ("nl", "none of them was asked for")):
        with pytest.raises(T5TuneError, match=problem) as raised:
            settings.choose(None, given)
        assert raised.value.next_command == "--source-lang en --target-lang de"
    assert "directions" not in settings.describe()
