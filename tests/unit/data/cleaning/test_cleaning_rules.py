"""Test which pairs each rule leaves out, and which it must leave alone."""

from __future__ import annotations

from typing import Any

import pytest

from t5tune.data.cleaning.cleaner import build_cleaner
from t5tune.data.cleaning.rules import RULES
from t5tune.data.pairs import Pairs
from t5tune.recipe.sections.cleaning_section import RULE_NAMES, CleaningSection

GOOD = ("Two men are standing on a bridge.", "Zwei Männer stehen auf einer Brücke.")
FRENCH = "Les deux hommes se tiennent debout sur le pont et regardent la rivière."
GERMAN = "Die beiden Männer stehen auf der Brücke und schauen auf den Fluss hinunter."

# Rule, its settings, and pairs that it leaves out and that it keeps.
CASES: list[tuple[str, Any, list[tuple[str, str]], list[tuple[str, str]]]] = [
    ("blank", True, [("\u200b", "a"), (" ", "a"), ("a", "\ufeff\u00a0")], [("?", ".")]),
    (
        "control_characters", True,
        [("a\x00b", "a"), ("a", "milit\ufffdrisch"), ("caf\x82", "a"), ("a", "\ue012")],
        [("a\tb\nc", "ä “…” 😀 \u200d")],
    ),
    (
        "html", True,
        [("<b>a</b>", "a"), ("a", "a<br />b"), ("Tom &amp; Jo", "a"), ("it&#39;s", "a")],
        [("a < b > c", "R&D; 5 <2de>"), ("<extra_id_0> AT&T", "x <y> z")],
    ),
    ("too_long", {"characters": 9}, [("a" * 10, "b")], [("a" * 9, "b" * 9)]),
    (
        "length_ratio", True,
        [("Yes.", GERMAN), (GERMAN, "桥")],
        [GOOD, ("OK", "Einverstanden."), (GERMAN, "两个男人站在桥上看着下面的河流。")],
    ),
    (
        "source_copied", True,
        [(GERMAN, GERMAN), (GERMAN, GERMAN.upper()), (GERMAN, GERMAN.replace("Brücke", "Bridge"))],
        [("Hotel", "Hotel"), ("1998 / 1999 / 2000", "1998 / 1999 / 2000")],
    ),
    (
        "script_mismatch", True,
        [("Двое мужчин стоят", "a"), ("a", "ένα γέφυρα")],
        [("The letter Ж", "Das Ж"), ("αβγ", "x"), ("naïve ﬁ µm", "ß")],
    ),
    (
        "wrong_language", True,
        [(FRENCH, GERMAN), (GOOD[0], FRENCH), (GERMAN, GERMAN), (GERMAN, GOOD[0])],
        [GOOD, ("Les Deux Magots", "Les Deux Magots"), (GOOD[0].upper(), GERMAN)],
    ),
    (
        "repeated_text", True,
        [(GOOD[0], "auf der auf der auf der auf der"), ("a hahahahahahaha", "b")],
        [("no, no, no!", "nein, nein, nein!"), ("ja ja ja ja ja ja", "no no no no no no"),
         ("A man in a hat and a coat by a tree near a lake.", "Ein Mann am See.")],
    ),
    (
        "number_mismatch", True,
        [("in 1989", "im Jahr 1998"), ("3 of 40 men", "3 von 14 Männern")],
        [("1,234.50 euros", "1.234,50 Euro"), ("at 5:30 p.m.", "um 17.30 Uhr"),
         ("at 3.00 p.m.", "um 15.00 Uhr"),
         ("the 1990s", "die 90er"), ("two of 12", "zwei von zwölf")],
    ),
    ("number_mismatch", {"one_side": True}, [("12 men", "zwölf Männer")], [("9", "9")]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "settings", "bad", "good"), CASES, ids=lambda one: str(one)[:20])
def test_a_rule_leaves_out_what_it_says(
    name: str, settings: Any, bad: list[tuple[str, str]], good: list[tuple[str, str]]
) -> None:
    cleaner = build_cleaner(CleaningSection.model_validate({name: settings}), ("en", "deu_Latn"))
    assert cleaner is not None
    pairs = [*bad, *good]
    verdicts = cleaner.judge(Pairs(*map(list, zip(*pairs, strict=True)))).verdicts
    left_out = [pair for pair, verdict in zip(pairs, verdicts, strict=True) if verdict]
    assert left_out == bad


def test_languages_that_are_not_known_are_not_judged() -> None:
    rules = {"wrong_language": True, "script_mismatch": True}
    cleaner = build_cleaner(CleaningSection.model_validate(rules), ("xx", None))
    assert cleaner is not None
    assert not cleaner.judge(Pairs([FRENCH, "Двое мужчин стоят"], [GERMAN] * 2)).verdicts.any()
    serbian = build_cleaner(CleaningSection.model_validate(rules), ("sr", "srp_Latn"))
    assert serbian is not None
    text = "Двојица мушкараца стоје на мосту и гледају реку."
    latin = "Dvojica muškaraca stoje na mostu i gledaju reku."
    judged = serbian.judge(Pairs([text, latin, latin], [latin, latin, text]))
    assert judged.verdicts.astype(bool).tolist() == [False, False, True]


def test_every_key_of_the_recipe_has_a_rule() -> None:
    assert set(RULES) == set(RULE_NAMES)
