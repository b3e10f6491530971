"""The form in which two texts are the same."""

from __future__ import annotations

import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st

from t5tune.data.normalization import normalize_text


@example("a  b")
@given(st.text(st.sampled_from("ab \t\n\u00a0\u2003\u2028\u200be\u0301é")))
def test_white_space_and_composition_do_not_count(text: str) -> None:
    assert normalize_text(text) == unicodedata.normalize("NFC", " ".join(text.split()))


def test_the_space_is_the_only_white_space_that_is_printable() -> None:
    white = [one for one in map(chr, range(0x110000)) if one.isspace() and one.isprintable()]
    assert white == [" "]
