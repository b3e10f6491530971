"""Test that no sentence is too long for the model, and that code and addresses survive."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t5tune.decoding.documents import markup
from t5tune.decoding.documents.markup import remove_marks
from t5tune.decoding.documents.sentences import SentenceTranslator
from t5tune.decoding.translator import DecodingOptions, Hypothesis

OPTIONS = DecodingOptions(10, 1)


class Words:
    """Translate with a function; each word is a token.

    Args:
        function: Of a source.
        max_source_length: Longer sources are refused.
    """

    engine = "words"
    num_truncated = 0
    num_chunked = 0

    def __init__(self, function: Callable[[str], str], max_source_length: int | None) -> None:
        self.function = function
        self.max_source_length = max_source_length
        self.seen: list[str] = []

    def count_tokens(self, sources: Sequence[str]) -> list[int]:
        return [len(source.split(" ")) for source in sources]

    def translate(
        self,
        sources: Sequence[str],
        options: DecodingOptions,
        on_progress: Callable[[int], None] | None = None,
    ) -> list[Hypothesis]:
        limit = self.max_source_length
        assert limit is None or all(num <= limit for num in self.count_tokens(sources))
        self.seen += sources
        return [Hypothesis(self.function(s), 1, False) for s in sources]

    def translate_n_best(
        self,
        sources: Sequence[str],
        options: DecodingOptions,
        on_progress: Callable[[int], None] | None = None,
    ) -> list[list[Hypothesis]]:
        return [[found] for found in self.translate(sources, options, on_progress)]


def translate(text: str, words: Words) -> str:
    (found,) = SentenceTranslator(words).translate([text], OPTIONS)
    return found.text


PROTECTED = [
    "Run `make test` now.",
    "See [the manual](https://example.org/a_(b)) first.",
    "An ![image](pic.png 'a title') here.",
    "Write to a.person+x@example.org or see https://example.org/x?y=1.",
    "Some <b>bold</b> text and ``a ` tick``.",
    "A note[^1] and [a link][ref].",
    "Let $x_1 * y_2$ be, and $$a < b$$ too.",
    "Or \\(p + q\\) and \\[r^2\\] instead.",
    "Fish &amp; chips&nbsp;for &#8364;5 &#x41;.",
]
KEPT = [
    ["`make test`"],
    ["](https://example.org/a_(b))"],
    ["](pic.png 'a title')"],
    ["a.person+x@example.org", "https://example.org/x?y=1"],
    ["<b>", "</b>", "``a ` tick``"],
    ["[^1]", "][ref]"],
    ["$x_1 * y_2$", "$$a < b$$"],
    ["\\(p + q\\)", "\\[r^2\\]"],
    ["&amp;", "&nbsp;", "&#8364;", "&#x41;"],
]


@pytest.mark.parametrize(("text", "kept"), zip(PROTECTED, KEPT, strict=True))
def test_what_a_model_would_spoil_is_kept(text: str, kept: list[str]) -> None:
    shouting = Words(str.upper, None)
    result = translate(text, shouting)
    for literal in kept:
        assert literal in result
    assert result.upper() == text.upper()
    assert result != text
    # The whole sentence comes first: most models keep code, and whole sentences translate better.
    assert shouting.seen[0] == text
    assert len(shouting.seen) > 1
    faithful = Words(lambda source: source, None)
    assert translate(text, faithful) == text
    assert faithful.seen == [text]


def test_placeholders_of_weblate_are_kept() -> None:
    losing = Words(lambda source: source.upper().replace("X", ""), None)
    text = "the train [X10X] is late, see [X33X]."
    assert translate(text, losing) == "THE TRAIN [X10X] IS LATE, SEE [X33X]."
    assert translate("[X] and [XX]", losing) == "[] AND []"


def test_money_is_not_math() -> None:
    for text in ("it costs $5 and then $10", "from $7.50 to $8", "US$5 or A$6", "a $ b $ c"):
        shouting = Words(str.upper, None)
        assert translate(text, shouting) == text.upper()
        assert shouting.seen == [text]


def test_a_long_sentence_is_not_cut_within_math() -> None:
    text = "one two, three $a, b + c, d$ four"
    words = Words(lambda source: source, 6)
    assert translate(text, words) == text
    assert any("$a, b + c, d$" in seen for seen in words.seen)


def without_marks(text: str) -> str:
    """Return the text without marks, which small models lose too."""
    return re.sub(r"[*_~`\[\]]|\(\S*\)", "", text).upper() + "!"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("We *really* mean **all of it** today", "WE *REALLY* MEAN **ALL OF IT** TODAY!"),
        ("Read [the book](x.md) and the book", "READ [THE BOOK](x.md) AND THE BOOK!"),
        ("Read the book and [the book](x.md)", "READ THE BOOK AND [THE BOOK](x.md)!"),
        ("![a cat](c.png) is *not* a dog", "![A CAT](c.png) IS *NOT* A DOG!"),
    ],
)
def test_links_and_emphasis_find_their_words(text: str, expected: str) -> None:
    translator = SentenceTranslator(Words(without_marks, None))
    (found,) = translator.translate([text], OPTIONS)
    assert found.text == expected
    assert translator.num_marks_lost == 0


def test_code_comes_before_emphasis() -> None:
    translator = SentenceTranslator(Words(without_marks, None))
    (found,) = translator.translate(["Call `f(x)` in [the loop](l) *now*"], OPTIONS)
    assert found.text == "CALL! `f(x)` IN! [THE LOOP!](l) NOW!"
    assert translator.num_marks_lost == 1


def test_emphasis_whose_words_are_not_found_is_counted() -> None:
    words = Words(lambda text: "ganz" if text == "all" else text.replace("*", "").upper(), None)
    translator = SentenceTranslator(words)
    (found,) = translator.translate(["We mean *all* of it"], OPTIONS)
    assert found.text == "WE MEAN ALL OF IT"
    assert translator.num_marks_lost == 1


def test_stars_that_are_not_emphasis() -> None:
    for text in ("2*3*4 is 24", "a * b * c", "snake_case_name", "**"):
        assert remove_marks(text) == (text, [])


def test_text_that_only_looks_protected() -> None:
    for text in ("a < b and c > d", "items [1] and (2)", "a ` alone", "[sic] he said"):
        assert translate(text, Words(str.upper, None)) == text.upper()


def test_a_long_sentence_is_split_where_a_clause_ends() -> None:
    text = "one two three, four five six; seven eight"
    words = Words(str.upper, 5)
    translator = SentenceTranslator(words)
    (found,) = translator.translate([text], OPTIONS)
    assert found.text == text.upper()
    assert words.seen == ["one two three,", "four five six; seven eight"]
    assert translator.num_truncated == 0


def test_without_clauses_it_is_split_at_blanks() -> None:
    words = Words(str.upper, 3)
    assert translate("a b c d e f g", words) == "A B C D E F G"
    assert max(words.count_tokens(words.seen)) <= 3


@given(st.text(st.sampled_from("ab ,;、`\t"), max_size=80), st.integers(1, 6))
def test_nothing_is_lost(text: str, limit: int) -> None:
    source = text.strip()
    if source:
        assert translate(source, Words(lambda part: part, limit)) == source


def test_characters_without_blanks_are_split_too() -> None:
    class Characters(Words):
        def count_tokens(self, sources: Sequence[str]) -> list[int]:
            return [len(source) for source in sources]

    words = Characters(lambda part: part, 4)
    assert translate("甲乙丙丁戊己庚辛壬", words) == "甲乙丙丁戊己庚辛壬"
    assert words.seen == ["甲乙丙丁", "戊己", "庚辛壬"]


@pytest.mark.parametrize("marks", [markup._PROTECTED, markup._MARKED], ids=["protected", "marked"])
@settings(max_examples=500)  # enough for each alternative, and for both addresses
@given(st.data())
def test_no_mark_is_without_a_sign(marks: re.Pattern[str], data: st.DataObject) -> None:
    text = data.draw(st.from_regex(marks))
    for match in marks.finditer(text):
        assert markup._SIGNS.search(match[0])
