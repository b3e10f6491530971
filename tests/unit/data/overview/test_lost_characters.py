"""Test which characters a tokenizer loses, with a vocabulary of T5's kind and one of words."""

from __future__ import annotations

from collections import Counter

from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from t5tune.data.overview.lost_characters import UnknownParts, find_changed, name_character
from tests.genuine_tokenizers import load, marian_tokenizer, t5_tokenizer


def test_t5_knows_no_braces_and_turns_line_breaks_into_spaces() -> None:
    tokenizer = load(t5_tokenizer())
    texts = ["one {two}\nthree {{", "snow ☃"]
    parts = UnknownParts(tokenizer)
    assert parts.find(texts, as_target=False) == Counter({"{": 3, "}": 1, "☃": 1})
    assert all(tokenizer.unk_token_id in ids for ids in tokenizer(texts)["input_ids"])
    changed = find_changed(Counter("".join(texts)), tokenizer, as_target=False)
    assert [(one.character, one.count, one.becomes) for one in changed] == [("\n", 1, " ")]


def test_a_tokenizer_without_places_of_tokens_tries_each_character() -> None:
    tokenizer = load(marian_tokenizer())
    assert not tokenizer.is_fast
    assert UnknownParts(tokenizer).find(["one {two}"], as_target=True) == Counter("{}")
    assert UnknownParts(tokenizer).find([], as_target=True) == Counter()
    assert find_changed({}, tokenizer, as_target=True) == []


def test_of_a_vocabulary_of_words_whole_words_are_unknown() -> None:
    backend = Tokenizer(models.WordLevel({"<unk>": 0, "one": 1, "a": 2}, unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="<unk>")
    assert UnknownParts(tokenizer).find(["one three three"], as_target=False) == Counter(
        {"three": 2}
    )
    assert find_changed(Counter("one"), tokenizer, as_target=False) == []


def test_names_tell_invisible_characters_apart() -> None:
    assert name_character("{") == "{ U+007B left curly bracket"
    assert name_character("\n") == "U+000A line break"
    assert name_character("\u00a0") == "U+00A0 no-break space"
    assert name_character("three") == "three"
