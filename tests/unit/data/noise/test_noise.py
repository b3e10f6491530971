"""Noise on texts: what changes, what stays, and that it follows from the draw alone."""

from __future__ import annotations

from functools import partial
from random import Random

import pytest

from t5tune.data.noise.casing import keep_case, lower, title, upper
from t5tune.data.noise.keyboards import find_neighbours
from t5tune.data.noise.names import find_names, replace_names
from t5tune.data.noise.numbers import find_numbers, replace_numbers
from t5tune.data.noise.protection import protect
from t5tune.data.noise.punctuation import punctuation, strip_punctuation
from t5tune.data.noise.swaps import Swap, SwapTable
from t5tune.data.noise.typos import characters, typos
from t5tune.data.noise.whitespace import whitespace

_TEXT = "Der Fahrer isst um 12:30 Uhr 1.234,5 Äpfel – don't, Ms. O'Neill!"


def test_casing_knows_sharp_s_apostrophes_and_the_turkish_i() -> None:
    assert upper("Straße") == "STRASSE"
    assert title("don't EAT") == "Don't Eat"
    assert lower("ΟΔΟΣ İX") == "οδος ix"  # a final sigma, and one dot
    assert upper("istanbul", language="tr") == "İSTANBUL"
    assert lower("IŞIK", language="tr_TR") == "ışık"
    assert [keep_case(word, "she") for word in ("He", "HE", "he")] == ["She", "SHE", "she"]


def test_neighbours_follow_the_keyboard_of_the_language() -> None:
    assert set(find_neighbours("g")) == set("fhtyvb")
    assert "z" in find_neighbours("t", "de")
    assert "y" in find_neighbours("t", "en")
    assert "z" in find_neighbours("a", "fr")
    assert find_neighbours("É") == find_neighbours("E") == find_neighbours("e").upper()
    assert find_neighbours("ф")
    assert not find_neighbours("你")


@pytest.mark.parametrize("noise", [typos, characters, punctuation, whitespace])
@pytest.mark.parametrize("text", [_TEXT, "a", "हिन्दी में", "你好世界。", "x y", ""])
def test_noise_follows_from_the_draw_and_leaves_no_text_blank(noise, text: str) -> None:
    made = [noise(text, Random(seed)) for seed in range(60)]
    assert made == [noise(text, Random(seed)) for seed in range(60)]
    assert all(bool(one.strip()) == bool(text) for one in made)
    if len(text) > 3:
        assert all(one != text for one in made)


def test_typos_change_letters_only_and_as_many_as_asked() -> None:
    text = "abcdefghij 0123456789 " * 200
    made = typos(text, Random(0), rate=0.1)
    assert "".join(filter(str.isdigit, made)) == "0123456789" * 200
    assert 130 - 20 < 200 - made.split().count("abcdefghij") < 130 + 20  # 1 - 0.9 ** 10 of 200


def test_punctuation_in_words_and_numbers_stays() -> None:
    expected = "Der Fahrer isst um 12:30 Uhr 1.234,5 Äpfel don't Ms O'Neill"
    assert strip_punctuation(_TEXT) == expected
    assert strip_punctuation("...") == "..."


def test_numbers_change_on_both_sides_in_the_form_of_each() -> None:
    source, target = "1,234.5 kg of A4 in 2020, 22, 3 and 1.", "1.234,5 kg A4 in 2020, 3 und 1."
    for seed in range(50):
        new_source, new_target = replace_numbers([source, target], Random(seed))
        numbers = find_numbers(new_source)
        assert [n for n in numbers if n != "22"] == find_numbers(new_target)
        assert new_source != source
        assert "22, " in new_source
        assert new_source[1] == ","
        assert new_target[1] == "."
        assert new_target.endswith("und 1.")
        assert numbers[3] in "24"  # as 3, it takes the plural of few


def test_names_are_replaced_on_both_sides() -> None:
    texts = ["In May the man Peter saw Anna.", "Im Mai sah der Mann Peter dort Anna."]
    assert find_names(texts) == ["Peter", "Anna"]
    made = replace_names(texts, Random(0), names=["Peter", "Ute", "Olga", "Anna"])
    first, second = find_names(made)
    assert first != "Peter"
    assert second != "Anna"
    assert first != second
    assert made == [
        f"In May the man {first} saw {second}.",
        f"Im Mai sah der Mann {first} dort {second}.",
    ]
    one_side = ["Peter and Peter", "Peter"]
    assert replace_names(one_side, Random(0), names=["Peter", "Ute"]) == one_side


def test_swaps_change_both_sides_or_none() -> None:
    table = SwapTable(
        [
            Swap(("he", "she"), ("er", "sie")),
            Swap(("his", "her"), ("sein", "ihr")),
            Swap(("Jane", "John"), ("Jane", "John")),
            Swap(None, ("Arzt", "Ärztin")),
        ]
    )
    texts = ["He is a doctor and John HIS son.", "Er ist Arzt und John SEIN Sohn."]
    swapped = ["She is a doctor and Jane HER son.", "Sie ist Ärztin und Jane IHR Sohn."]
    assert table.swap(texts) == swapped
    assert table.swap(swapped) == texts
    untranslated = ["He sleeps, she sings.", "Er schläft."]
    assert table.swap(untranslated) == untranslated


def test_protected_parts_stay() -> None:
    noise = protect(partial(upper), (r"question: ", r">>\w+<<"))
    assert noise(">>de<< question: who? a", Random(0)) == ">>de<< question: WHO? A"
