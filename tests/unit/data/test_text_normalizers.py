"""Test normalizations that a recipe names."""

from __future__ import annotations

from t5tune.data.text_normalizers import NORMALIZATIONS, choose_normalizer
from t5tune.models.input_settings import InputSettings


def test_each_changes_what_it_says_and_nothing_twice() -> None:
    text = "&amp;quot;„Orşan’s“ e\u0301 &lt;b&gt; ş\u0327"
    expected = {
        "entities": '"„Orşan’s“ e\u0301 <b> ş\u0327',
        "nfc": "&amp;quot;„Orşan’s“ é &lt;b&gt; ş\u0327",
        "quotes": '&amp;quot;"Orşan\'s" e\u0301 &lt;b&gt; ş\u0327',
        "romanian": "&amp;quot;„Orșan’s“ e\u0301 &lt;b&gt; ș\u0327",
    }
    assert list(expected) == list(NORMALIZATIONS)
    for name, changed in expected.items():
        normalizer = choose_normalizer([name], "ro")
        assert normalizer.normalize(text) == changed
        assert normalizer.normalize_all([changed]) == [changed]


def test_cedillas_are_right_in_turkish() -> None:
    assert choose_normalizer(["romanian", "nfc"], "tr_TR").names == ("nfc",)
    assert choose_normalizer(["romanian", "nfc"], "ron_Latn").names == ("nfc", "romanian")
    assert choose_normalizer(["romanian"], None).normalize("ţ s\u0327") == "ț s\u0327"
    assert choose_normalizer(["romanian", "nfc"], None).normalize("t\u0327") == "ț"


def test_a_model_normalizes_what_it_translates() -> None:
    settings = InputSettings("say: ", normalization=("entities", "quotes"))
    assert settings.add_prefix(["“a” &amp; b"]) == ['say: "a" & b']
    assert InputSettings("say: ").add_prefix(["“a” &amp; b"]) == ["say: “a” &amp; b"]
