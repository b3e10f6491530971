"""Test that faults injected into correct outputs are found, and nothing else is."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from t5tune.files.text_files import read_lines
from t5tune.scoring.diagnosis.diagnose import diagnose
from t5tune.scoring.diagnosis.evidence import Evidence
from tests.conftest import REPOSITORY

Inject = Callable[[str, int, random.Random], str]

# Our own English and German sentences.
ROWS = [
    line.split("\t") for line in read_lines(REPOSITORY / "recipes" / "phrasebook" / "test.tsv")[1:]
]
SOURCES = [row[0] for row in ROWS]
TARGETS = [row[1] for row in ROWS]
NUM_INJECTED = 200


def _loop(text: str, _: int, rng: random.Random) -> str:
    words = text.rstrip(".?!").split()
    tail = words[-rng.randint(1, 4) :]
    return " ".join(words + tail * rng.randint(3, 6))


def _put(*tokens: str) -> Inject:
    def put(text: str, _: int, rng: random.Random) -> str:
        words = text.split()
        words[rng.randrange(len(words))] = rng.choice(tokens)
        return " ".join(words)

    return put


def _typing_error(text: str, rng: random.Random) -> str:
    place = rng.randrange(len(text))
    return text[:place] + rng.choice("aeinrst") + text[place + 1 :]


INJECTIONS: dict[str, Inject] = {
    "empty": lambda _, _i, _rng: "",
    "source_copied": lambda _, index, rng: _typing_error(SOURCES[index], rng),
    "wrong_language": lambda _, index, _rng: SOURCES[(index + 7) % len(SOURCES)],
    "loop": _loop,
    "unknown_tokens": _put("<unk>", "⁇", "\ufffd"),
    "special_tokens": _put("<extra_id_0>", "deu_Latn", "__de__", ">>de<<"),
    "too_short": lambda text, _, _rng: text[: int(0.4 * len(text))],
    "too_long": lambda text, index, _rng: " ".join(
        [text, *(TARGETS[(index + k) % len(TARGETS)] for k in (3, 5, 8))]
    ),
}
# Other findings that an injection also causes.
MAY_ALSO_BE = {
    "source_copied": {"wrong_language", "names_lost"},
    "wrong_language": {"names_lost", "numbers_lost", "too_short", "too_long"},
    "loop": {"too_long"},
    "too_long": {"loop"},
    "too_short": {"names_lost", "numbers_lost"},
    "empty": {"names_lost", "numbers_lost"},
    "unknown_tokens": {"names_lost", "numbers_lost"},
    "special_tokens": {"names_lost", "numbers_lost"},
}


def test_right_outputs_have_no_fault() -> None:
    findings = diagnose(
        Evidence(
            TARGETS,
            [[target] for target in TARGETS],
            sources=SOURCES,
            target_lang="de",
            source_lang="en",
            reached_limit=[False] * len(TARGETS),
        )
    )
    assert {finding.name: finding.num_found for finding in findings if finding.num_found} == {}
    # Nearly all examples could have had nearly all faults, or this would say little.
    looked_at = {finding.name: finding.num_checked for finding in findings}
    assert looked_at["wrong_language"] > 0.9 * len(TARGETS)
    assert looked_at["source_copied"] > 0.9 * len(TARGETS)
    assert looked_at["names_lost"] > 50


@pytest.mark.parametrize("kind", INJECTIONS)
def test_injected_faults_are_found(kind: str) -> None:
    rng = random.Random(kind)
    injected = set(rng.sample(range(len(TARGETS)), NUM_INJECTED))
    hypotheses = [
        INJECTIONS[kind](target, index, rng) if index in injected else target
        for index, target in enumerate(TARGETS)
    ]
    findings = diagnose(
        Evidence(
            hypotheses,
            [[target] for target in TARGETS],
            sources=SOURCES,
            target_lang="de",
            source_lang="en",
            decoding={"num_beams": 4},
        )
    )
    by_name = {finding.name: finding for finding in findings}
    found = by_name[kind]
    assert 0.9 * NUM_INJECTED <= found.num_found <= NUM_INJECTED
    assert found.is_notable
    assert found.remedy
    assert set(found.examples) <= injected
    others = {one.name for one in findings if one.num_found} - {kind}
    assert others <= MAY_ALSO_BE.get(kind, set())


def test_lost_numbers_and_names_are_found() -> None:
    names = ["Okafor", "Lindqvist", "Marchetti", "Haraldsen", "Petrov", "Nakamura"]
    sources, targets = [], []
    for number in range(120):
        name, price = names[number % 6], 13 + 7919 * number
        sources.append(f"Yesterday Mrs {name} sold the boat for {price:,} crowns.")
        german = f"{price:,}".replace(",", ".")
        targets.append(f"Gestern verkaufte Frau {name} das Boot für {german} Kronen.")
    hypotheses = list(targets)
    for number in range(0, 120, 6):
        hypotheses[number] = hypotheses[number].replace("Okafor", "Otafo")
    for number in range(1, 120, 6):
        hypotheses[number] = hypotheses[number].replace("3", "8").replace("4", "5")
    changed = {i for i in range(1, 120, 6) if hypotheses[i] != targets[i]}
    findings = diagnose(Evidence(hypotheses, [[target] for target in targets], sources=sources))
    by_name = {finding.name: finding for finding in findings}
    assert (by_name["names_lost"].num_found, by_name["names_lost"].num_checked) == (20, 120)
    assert by_name["numbers_lost"].num_found == len(changed) > 10
    assert by_name["numbers_lost"].num_checked == 120


def test_published_systems_are_hardly_accused(real_data: object) -> None:
    folder = real_data / "wmt17_systems"  # type: ignore[operator]
    references = [[line] for line in read_lines(folder / "reference")]
    files = sorted(folder.glob("newstest2017.*"))
    assert len(files) == 16
    for file in files[::5]:
        findings = diagnose(
            Evidence(
                read_lines(file), references, target_lang="de", source_lang="en", task="translation"
            )
        )
        assert [finding.name for finding in findings if finding.is_notable] == []
