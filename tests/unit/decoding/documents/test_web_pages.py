"""Test HTML: where its sentences are, and that translations stay HTML."""

from __future__ import annotations

from typing import Any

import pytest

from t5tune.decoding.documents.markup import is_unharmed
from t5tune.decoding.documents.paragraphs import find_markdown_paragraphs, find_paragraphs
from t5tune.decoding.documents.sentences import SentenceTranslator
from t5tune.decoding.documents.splitting import split_document
from t5tune.decoding.documents.web_pages import find_page_paragraphs, keep_html, spell_entities
from t5tune.decoding.translator import DecodingOptions, Hypothesis

PAGE = """<!DOCTYPE html><title>A title</title><style>p > a {}</style>
<script>if (a < b) alert("x")</script><!-- a comment <p>no</p> -->
<h1 class="big">Hello <b>big</b> world</h1><p><a href="x?a=1&amp;b=2">Home page</a></p>
<ul><li>It&#39;s one.</li><li class="x notranslate y">Two</li><li translate=no>Three</li></ul>
<p>Use <code>x = 1</code> now.
   Second <em>line</em> here.</p><pre>code here</pre><img alt="a > b"> After &lt;br&gt;<br>break
"""


class Shouting:
    """A translator that writes capitals, and spoils tags."""

    engine = "shouting"
    num_truncated = num_chunked = 0
    max_source_length = None

    def translate(
        self, sources: list[str], options: DecodingOptions, on_progress: object = None
    ) -> list[Hypothesis]:
        return [Hypothesis(text.upper().replace("<", ""), 1, False) for text in sources]


def test_the_sentences_of_a_page_are_found_and_everything_else_stays() -> None:
    page = spell_entities(PAGE)
    segments = split_document(page, find_page_paragraphs, language="en")
    assert "".join(one.render(one.source) for one in segments) == page
    assert [one.source for one in segments if one.source] == [
        "A title", "Hello <b>big</b> world", "Home page", "It's one.",
        "Use <code>x = 1</code> now.", "Second <em>line</em> here.", "After &lt;br&gt;", "break",
    ]  # fmt: skip
    assert "x?a=1&amp;b=2" in page


@pytest.mark.parametrize(
    ("source", "translation"),
    [
        ("Hello <b class='x'>big</b> world", "HELLO <b class='x'>BIG</b> WORLD"),
        ("Use <code>x = 1</code> now.", "USE <code>x = 1</code> NOW."),
        ("see <a href='x'>this <i>page</i></a> now", "SEE <a href='x'>THIS <i>PAGE</i></a> NOW"),
        ("one <img src='y'> two", "ONE <img src='y'> TWO"),
    ],
)
def test_tags_that_a_model_spoils_are_put_back(source: str, translation: str) -> None:
    translator = SentenceTranslator(Shouting())  # type: ignore[arg-type]
    (found,) = translator.translate([source], DecodingOptions(max_new_tokens=9))
    assert found.text == translation
    assert is_unharmed(source, translation)


class Moody(Shouting):
    """A translator whose words by themselves are not those within a sentence."""

    def translate(
        self, sources: list[str], options: DecodingOptions, on_progress: object = None
    ) -> list[Hypothesis]:
        found = super().translate(sources, options)
        return [Hypothesis("?", 1, False) if " " not in one.text else one for one in found]


def test_a_tag_without_a_place_is_kept_all_the_same() -> None:
    source = "Hello <b>big</b> world"
    translator = SentenceTranslator(Moody())  # type: ignore[arg-type]
    (found,) = translator.translate([source], DecodingOptions(max_new_tokens=9))
    assert found.text == "? <b>?</b> ?"


def test_a_translation_brings_in_no_markup() -> None:
    source = "a <b>c</b> &lt;"
    assert keep_html(source, source) == source
    assert keep_html(source, "<i>a</i> <b>c</b> & &lt; &lt;") == (
        "&lt;i&gt;a&lt;/i&gt; <b>c</b> &amp; &lt; &amp;lt;"
    )


@pytest.mark.parametrize("find", [find_page_paragraphs, find_paragraphs, find_markdown_paragraphs])
@pytest.mark.parametrize("piece", ["a", "\\(", "[", " ", '<a "', "<script"])
def test_a_hostile_text_does_not_take_the_square_of_its_length(find: Any, piece: str) -> None:
    """With it, this would take a quarter of an hour, and the test would run out of time."""
    text = piece * (60_000 // len(piece))
    segments = split_document(text, find, language="en")
    assert all(is_unharmed(one.source, one.source) for one in segments)
