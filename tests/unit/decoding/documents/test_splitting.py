"""Test that any document comes back complete, and only its sentences are translated."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from t5tune.decoding.documents import splitting
from t5tune.decoding.documents.splitting import Segment
from t5tune.decoding.streaming.input_formats import FORMATS
from tests.conftest import REPOSITORY

# Texts with more parts of documents than random ones would have.
PARTS = [
    "# ", "## ", "- ", "* ", "1. ", "10) ", "> ", ">", "    ", "\t", "\n", "\n\n", "\r\n", "\r",
    " ", "  \n", "\\\n", "```", "```py\n", "~~~", "`x`", "``", "|", "|---|", "| a | b |", "\\|",
    "---", "===", "[a](b)", "[ ] ", "[x] ", "![i](u)", "<div>", "</div>", "<!--", "-->", "**", "*",
    "_", "\ufeff", "\0", "Mr. Bee went home. ", "Then it rained! ", "z. B. ", "你好。", "再见。",
    "[^1]: ", "[^1]", "[!NOTE]", "[!note]- x", "$$", "$", "$$\n", "\\[", "\\]", "\ufffc", "&nbsp;",
    "\\begin{align}", "\\end{align}", "\u2028", "\x85", "\x0b", "a", "I",
    "[r]: http://x\n", "&amp;", "&", "+++",
    "A line that is long enough to have been wrapped by some editor",
]  # fmt: skip
DOCUMENTS = st.one_of(
    st.text(max_size=200), st.lists(st.sampled_from(PARTS), max_size=40).map("".join)
)


def split_document(text: str, *, language: str | None, is_markdown: bool) -> list[Segment]:
    find = FORMATS["markdown" if is_markdown else "text"].find_paragraphs
    assert find is not None
    return splitting.split_document(text, find, language=language)


@pytest.mark.parametrize("is_markdown", [True, False])
@given(text=DOCUMENTS, language=st.sampled_from(["en", "de", "zho_Hans", None, "no such code"]))
@example(text="> a\n>\tb `c\n> d`", language="en")
@example(text="**A **", language="en")  # not emphasis, because of the space before the closing mark
def test_the_same_translation_gives_the_same_document(
    is_markdown: bool, text: str, language: str | None
) -> None:
    segments = split_document(text, language=language, is_markdown=is_markdown)
    assert "".join(segment.render(segment.source) for segment in segments) == text
    for segment in segments:
        assert "\n" not in segment.source
        assert segment.source == segment.source.strip()


@pytest.mark.parametrize("is_markdown", [True, False])
@given(text=DOCUMENTS)
def test_a_translation_as_long_keeps_every_line_break(is_markdown: bool, text: str) -> None:
    """With other words of the same length, line breaks do not depend on the words."""
    segments = split_document(text, language="en", is_markdown=is_markdown)
    changed = "".join(segment.render(re.sub(r"\S", "x", segment.source)) for segment in segments)
    assert len(changed) == len(text)
    assert [c for c in changed if c == "\n"] == [c for c in text if c == "\n"]


def sources(text: str, *, is_markdown: bool, language: str = "en") -> list[str]:
    segments = split_document(text, language=language, is_markdown=is_markdown)
    return [segment.source for segment in segments if segment.source]


def translated(text: str, *, is_markdown: bool, language: str = "en") -> str:
    segments = split_document(text, language=language, is_markdown=is_markdown)
    return "".join(segment.render(segment.source.upper()) for segment in segments)


MARKDOWN = """---
title: kept
---
# Getting started #

This paragraph has been wrapped in
the middle. It has *two* sentences.

> A quotation that
> goes on.
> - a point in it

1. first
2. [x] second,
   which goes on
   - nested

```sh
echo kept
```

    kept, too

| Name | What it is |
|------|-----------:|
| one \\| two | a number |

Hard break\x20\x20
next line\\
third line

Setext
------

<div>
kept
</div>

[link]: http://kept "kept"
42 %
"""


def test_markdown() -> None:
    assert sources(MARKDOWN, is_markdown=True) == [
        "Getting started",
        "This paragraph has been wrapped in the middle.",
        "It has *two* sentences.",
        "A quotation that goes on.",
        "a point in it",
        "first",
        "second, which goes on",
        "nested",
        "Name",
        "What it is",
        "one \\| two",
        "a number",
        "Hard break",
        "next line",
        "third line",
        "Setext",
    ]
    expected = re.sub(r"(?s)(.*)", lambda m: m[0].upper(), MARKDOWN)
    for kept in ("title: kept", "sh\necho kept", "kept, too", "<div>\nkept\n</div>",
                 '[link]: http://kept "kept"', "[x]"):  # fmt: skip
        expected = expected.replace(kept.upper(), kept)
    assert translated(MARKDOWN, is_markdown=True) == expected


PLAIN = """Dear reader,

this is a paragraph that an editor has wrapped at about sixty
characters. Dr. Smith wrote it. It ends here.

  Roses are red
  Violets are blue

* point one
  goes on
* point two
a) alpha
> quoted words
>> twice quoted

~~~
kept
~~~
----
"""


def test_extensions_of_markdown_stay_intact() -> None:
    text = EXTENDED
    assert sources(text, is_markdown=True) == [
        "A title with $E=mc^2$ &copy; 2020",
        "One note.[^1]",
        "And another one.[^long]",
        "Word",
        "Two sentences here.",
        "See [this. That](http://x.y).",
        "A second paragraph of the note.",
        "Useful information.",
        "It goes on.",
        "A custom title",
        "Text.",
        "Before",
        "after it.",
        "Let $x. Y$ be.",
        "Also `a. B` code.",
        "Price: $$ is money. And more $$ later.",
        "an item",
        "$$ is not closed",
    ]
    result = translated(text, is_markdown=True)
    kept = r"\[\^\w+\]:|\[!\w+\][+-]?|^\$\$\n[^$]*^\$\$$|^\\\[[^]]*\\\]|^\\begin.*?end\{\w+\}$"
    pattern = re.compile(kept, re.MULTILINE | re.DOTALL)
    assert pattern.findall(result) == pattern.findall(text)
    assert len(pattern.findall(text)) == 7


EXTENDED = r"""
# A title with $E=mc^2$ &copy; 2020

One note.[^1] And another one.[^long]

[^1]: Word
[^long]: Two sentences here. See [this. That](http://x.y).

    A second paragraph of the note.

> [!NOTE]
> Useful information.
> It goes on.

> [!warning]+ A custom title
> Text.

Before
$$
a = b
+ c \\
- d
$$
after it.

$$\int_0^1 x\,dx$$

\[
x + y
\]

\begin{align}
  a &= b \\
\end{align}

Let $x. Y$ be. Also `a. B` code.

$x$

http://only.an/address

Price: $$ is money. And more $$ later.

- an item
  $$
  q
  $$

$$ is not closed
"""


def test_plain_text() -> None:
    assert sources(PLAIN, is_markdown=False) == [
        "Dear reader,",
        "this is a paragraph that an editor has wrapped at about sixty characters.",
        "Dr. Smith wrote it.",
        "It ends here.",
        "Roses are red",
        "Violets are blue",
        "point one goes on",
        "point two",
        "alpha",
        "quoted words",
        "twice quoted",
    ]
    expected = PLAIN.upper().replace("KEPT", "kept").replace("A) ", "a) ")
    assert translated(PLAIN, is_markdown=False) == expected


def test_line_breaks_stand_about_where_they_stood() -> None:
    text = "> one two three four five\n> six seven eight nine ten.\n"
    (segment, end) = split_document(text, language="en", is_markdown=True)
    longer = "uno duo tre quattro cinque sei sette otto nove dieci undici dodici."
    assert segment.render(longer) + end.render("") == (
        "> uno duo tre quattro cinque sei\n> sette otto nove dieci undici dodici.\n"
    )
    assert segment.render("eins") == "> eins"
    assert segment.render("") == "> "


def test_blanks_between_sentences_follow_the_script() -> None:
    chinese = split_document("你好。再见。\n", language="zh", is_markdown=False)
    assert [segment.source for segment in chinese] == ["你好。", "再见。", ""]
    translations = ["Hello.", "Good bye.", ""]
    assert "".join(s.render(t) for s, t in zip(chinese, translations, strict=True)) == (
        "Hello. Good bye.\n"
    )
    english = split_document("Hello. Good bye.\n", language="en", is_markdown=False)
    translations = ["你好。", "再见。", ""]
    assert "".join(s.render(t) for s, t in zip(english, translations, strict=True)) == (
        "你好。再见。\n"
    )


def test_abbreviations_follow_the_language() -> None:
    text = "Am 3. Oktober kam Dr. Maier z. B. nach Bonn. Er blieb."
    for language in ("de", "deu_Latn", "de_DE"):
        assert len(sources(text, is_markdown=False, language=language)) == 2
    assert len(sources(text, is_markdown=False, language="en")) > 2


def test_emphasis_around_a_sentence_is_kept() -> None:
    assert sources("**Note this.** Then go on.", is_markdown=True) == ["Note this.", "Then go on."]
    assert translated("**Note this.** Go.", is_markdown=True) == "**NOTE THIS.** GO."


@pytest.mark.parametrize("name", ["README.md", "docs/evaluation.md", "docs/recipes.md"])
def test_our_own_pages_come_back_with_their_structure(name: str) -> None:
    text = (REPOSITORY / Path(name)).read_text(encoding="utf-8")
    result = translated(text, is_markdown=True)
    assert result.upper() == text.upper()
    assert result != text
    fences = re.findall(r"(?ms)^```.*?^```", text)
    assert fences
    assert re.findall(r"(?ms)^```.*?^```", result) == fences
