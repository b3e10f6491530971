"""Test that every remedy is a valid recipe line, or names existing keys."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from t5tune.errors import T5TuneError
from t5tune.recipe.loading import load_recipe, recipe_json_schema
from t5tune.recipe.schema import Recipe
from t5tune.scoring.diagnosis import remedies
from t5tune.scoring.diagnosis.detectors import DETECTORS
from t5tune.scoring.diagnosis.diagnose import diagnose
from t5tune.scoring.diagnosis.evidence import Evidence
from t5tune.scoring.diagnosis.remedies import split_remedy
from tests.conftest import write_tiny_recipe

SECTIONS = [name for name in Recipe.model_fields if name not in ("name", "task")]
LINE = re.compile(r'(?<![\w.])[a-z_]+(?:\.[a-z_]+)*=(?:"[^"]*"|[^\s,;:]+)')
KEY = re.compile(rf"\b(?:{'|'.join(SECTIONS)})(?:\.[a-z_]+)+\b")

SENTENCE = "der alte Fischer flickt am Abend seine Netze und geht nach Hause"
SOURCE = "in the evening the old fisherman Okafor mends 40 nets and goes home"
REFERENCE = f"{SENTENCE}, Okafor mit 40 Netzen"
STRAY = "the fishermen of the village go out to sea early in the morning"
LOOP = f"{SENTENCE} und geht und geht und geht und geht"

# hypothesis -> the remedy of the finding of this kind, by decoding settings
CASES: list[tuple[str, str, dict[str, object], str]] = [
    ("hit_length_limit", SENTENCE[:20], {"max_new_tokens": 20}, "decoding.max_new_tokens=112"),
    ("hit_length_limit", SENTENCE, {"max_new_tokens": 100}, "decoding.max_new_tokens=168"),
    ("hit_length_limit", SENTENCE, {}, "raise decoding.max_new_tokens"),
    ("hit_length_limit", LOOP, {"max_new_tokens": 40}, "decoding.no_repeat_ngram_size=3"),
    ("empty", "", {"num_beams": 4, "length_penalty": 1.1}, "decoding.length_penalty=1.3"),
    ("empty", "", {}, "decoding.length_penalty=1.2"),
    ("empty", "", {"num_beams": 1}, "decoding.num_beams=4"),
    ("source_copied", SOURCE, {}, "take pairs whose target is the source out of data.train"),
    ("wrong_language", SOURCE, {}, "take pairs whose target is the source out of data.train"),
    ("wrong_language", STRAY, {}, "target_lang=de"),
    ("loop", LOOP, {}, "decoding.no_repeat_ngram_size=3"),
    ("loop", LOOP, {"no_repeat_ngram_size": 5}, "decoding.no_repeat_ngram_size=3"),
    ("loop", LOOP, {"no_repeat_ngram_size": 2}, "train longer"),
    ("unknown_tokens", f"{SENTENCE} <unk>", {}, "model.from_scratch.tokenizer.type=bytes"),
    ("special_tokens", f"<extra_id_0> {SENTENCE}", {}, "train longer"),
    ("numbers_lost", SENTENCE, {}, "model.from_scratch.tokenizer.type=bytes"),
    ("names_lost", SENTENCE, {}, "model.from_scratch.tokenizer.type=bytes"),
    ("too_short", "der Mann", {"num_beams": 4}, "decoding.length_penalty=1.2"),
    ("too_short", "der Mann", {"num_beams": 1}, "decoding.num_beams=4"),
    ("too_long", f"{SENTENCE}, {SOURCE}, {SENTENCE[::-1]}", {}, "decoding.length_penalty=0.8"),
    ("too_long", SENTENCE + " so" * 50, {}, "decoding.no_repeat_ngram_size=3"),
    ("too_long", f"{SENTENCE}, {SOURCE}, {SENTENCE[::-1]}", {"num_beams": 1}, "decoding.num_b"),
]


def remedy_for(kind: str, hypothesis: str, decoding: dict[str, object]) -> str:
    # A second hypothesis is correct, so that not all are short.
    findings = diagnose(
        Evidence(
            [hypothesis, REFERENCE],
            [[REFERENCE], [REFERENCE]],
            sources=[SOURCE, SOURCE],
            reached_limit=[kind == "hit_length_limit", False],
            target_lang="de",
            source_lang="en",
            decoding=decoding,
        )
    )
    remedy = next(finding.remedy for finding in findings if finding.name == kind)
    assert remedy is not None
    return remedy


def all_remedies() -> Iterator[str]:
    for kind, hypothesis, decoding, _ in CASES:
        yield remedy_for(kind, hypothesis, decoding)
    yield cut_targets_remedy()
    yield repetitive_references_remedy()
    yield from lengths_stray_remedies()


def cut_targets_remedy() -> str:
    findings = diagnose(
        Evidence(
            ["ein kurzes Wort"] * 4,
            [["ein kurzes Wort"]] * 2 + [[REFERENCE]] * 2,
            decoding={"max_new_tokens": 60, "num_beams": 4},
        )
    )
    return next(one.remedy for one in findings if one.name == "too_short") or ""


def repetitive_references_remedy() -> str:
    chant = " ".join(["links links rechts"] * 6)
    findings = diagnose(Evidence([chant + " geh" * 9, chant], [[chant], [chant]]))
    return next(one.remedy for one in findings if one.name == "loop") or ""


@pytest.mark.parametrize(("kind", "hypothesis", "decoding", "expected"), CASES)
def test_remedies(kind: str, hypothesis: str, decoding: dict[str, object], expected: str) -> None:
    assert remedy_for(kind, hypothesis, decoding).startswith(expected)


def lengths_stray_remedies() -> list[str]:
    hypotheses = ["der Mann", f"{SENTENCE}, {SOURCE}, {SENTENCE[::-1]}"]
    findings = diagnose(Evidence(hypotheses, [[REFERENCE]] * 2, decoding={"num_beams": 4}))
    return [one.remedy or "" for one in findings if one.name in ("too_short", "too_long")]


def test_no_length_penalty_where_lengths_stray_both_ways() -> None:
    for remedy in lengths_stray_remedies():
        assert "no length penalty mends both" in remedy


def test_targets_that_were_cut_in_training() -> None:
    assert cut_targets_remedy().startswith("data.max_target_length=60   # no hypothesis is as long")


def test_no_ban_on_what_the_references_repeat() -> None:
    assert "decoding.no_repeat_ngram_size would forbid correct text" in (
        repetitive_references_remedy()
    )


def test_the_stray_language_and_the_prefix_are_named() -> None:
    assert "most are in en" in remedy_for("wrong_language", STRAY, {})
    assert 'data.prefix="translate English to German: "' in remedy_for("source_copied", SOURCE, {})


def test_the_cases_reach_every_kind_and_every_function() -> None:
    assert {kind for kind, *_ in CASES} | {"undertrained", "leaked"} == set(DETECTORS)
    functions = {f for name, f in inspect.getmembers(remedies) if name.startswith("against_")}
    assert functions < {detector.remedy for detector in DETECTORS.values()}


def test_every_line_of_every_remedy_is_taken_by_a_recipe(tmp_path: Path) -> None:
    from_scratch = write_tiny_recipe(tmp_path)
    pretrained = tmp_path / "pretrained.yaml"
    text = from_scratch.read_text(encoding="utf-8")
    start, end = text.index("  from_scratch:"), text.index("data:")
    pretrained.write_text(text[:start] + "  name: google-t5/t5-small\n" + text[end:], "utf-8")

    def is_taken(line: str) -> bool:
        for recipe in (from_scratch, pretrained):
            try:
                load_recipe(recipe, [line])
            except T5TuneError:
                continue
            return True
        return False

    lines = {line for remedy in all_remedies() for line in LINE.findall(remedy)}
    assert len(lines) > 10
    assert [line for line in sorted(lines) if not is_taken(line)] == []
    assert not is_taken("decoding.no_repeat_ngrams=3")


def test_every_key_in_every_remedy_exists() -> None:
    schema = recipe_json_schema()

    def properties(node: dict[str, Any]) -> dict[str, Any]:
        options = [node, *node.get("anyOf", ())]
        names = [one["$ref"].rsplit("/", 1)[1] for one in options if "$ref" in one]
        return schema["$defs"][names[0]]["properties"] if names else {}

    def exists(key: str) -> bool:
        first, *rest = key.split(".")
        node = schema["properties"].get(first)
        for part in rest:
            node = properties(node).get(part) if node is not None else None
        return node is not None

    keys = {key for remedy in all_remedies() for key in KEY.findall(remedy)}
    assert len(keys) > 8
    assert [key for key in sorted(keys) if not exists(key)] == []
    assert not exists("training.num_epochs")


def test_splitting() -> None:
    assert split_remedy("decoding.num_beams=4   # or more") == ("decoding.num_beams=4", "or more")
    assert split_remedy("decoding.num_beams=4") == ("decoding.num_beams=4", "")
    assert split_remedy("train longer   # it helps") == (None, "train longer: it helps")
    assert split_remedy('data.prefix="a b: "') == ('data.prefix="a b: "', "")
    lines = [split_remedy(remedy)[0] for remedy in all_remedies()]
    assert sum(line is not None for line in lines) > len(lines) / 2
