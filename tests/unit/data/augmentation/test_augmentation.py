"""Augmentation by example and seed, and the rounds of a token store."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from transformers import PreTrainedTokenizerBase

from t5tune.data.augmentation.augmentation_kind import TextPair
from t5tune.data.augmentation.augmenter import Augmenter
from t5tune.data.augmentation.describing import describe_augmentation
from t5tune.data.augmentation.kinds import KINDS
from t5tune.data.augmentation.recipe_augmenter import build_augmenter, identify_augmentation
from t5tune.data.augmentation.rounds import NO_AUGMENTATION, Rounds, SubwordDraw
from t5tune.data.pair_encoding import PairEncoder
from t5tune.data.pairs import NumberedPairs, Pairs
from t5tune.data.readers.open_splits import Example, OpenSplit
from t5tune.data.store.store_building import build_store
from t5tune.data.store.store_key import StoreKey
from t5tune.data.store.store_manifest import StoreManifest, read_manifest
from t5tune.data.store.token_store import TokenStore
from t5tune.data.streaming import ExampleStream, StreamPosition
from t5tune.data.subwords.sampler import build_samplers
from t5tune.data.training_text import TrainingText
from t5tune.errors import T5TuneError
from t5tune.recipe.loading import build_recipe
from t5tune.recipe.places import TableFile
from t5tune.recipe.schema import Recipe
from t5tune.recipe.sections.augment_section import AUGMENTATIONS, AugmentSection, SubwordSampling
from tests.conftest import TINY, number_pairs
from tests.tiny_families import FAMILIES

PAIRS = [TextPair(*pair) for pair in number_pairs(200)]


def recipe_with(**augment: Any) -> Recipe:
    return build_recipe({**TINY, "data": {**TINY["data"], "augment": {"seed": 3, **augment}}})


def augmenter_of(**augment: Any) -> Augmenter:
    recipe = recipe_with(**augment)
    texts = Pairs(*map(list, zip(*PAIRS, strict=True)))
    return build_augmenter(recipe.data, ("en", "de"), lambda: [texts])


def changes(augmenter: Augmenter, round_: int = 0) -> list[TextPair]:
    return [
        augmenter.change(pair, round_, i, PAIRS[i + 1 : i + 9]).pair for i, pair in enumerate(PAIRS)
    ]


def test_the_recipe_has_every_kind() -> None:
    assert set(AUGMENTATIONS) == set(KINDS)


def test_an_example_changes_by_seed_round_and_number_alone() -> None:
    both = augmenter_of(upper=0.3, typos=0.4, concatenate=0.3)
    first = changes(both)
    assert [both.change(PAIRS[i], 0, i, PAIRS[i + 1 : i + 9]).pair for i in (7, 3)] == [
        first[7], first[3]
    ]  # fmt: skip
    assert changes(both, 1) != first != changes(augmenter_of(upper=0.3, typos=0.4, seed=4))
    # Other kinds do not decide which examples have a kind.
    alone = [both.change(pair, 0, i).kinds for i, pair in enumerate(PAIRS)]
    only = augmenter_of(typos=0.4)
    assert ["typos" in kinds for kinds in alone] == [
        bool(only.change(pair, 0, i).kinds) for i, pair in enumerate(PAIRS)
    ]


def test_shares_are_those_asked_for_and_a_text_is_in_one_letter_case() -> None:
    augmenter = augmenter_of(upper=0.5, title=0.3, lower=0.2, characters=0.25)
    numbers = range(4000)
    kinds = [augmenter.change(TextPair("abC dE", "aB"), 0, i).kinds for i in numbers]
    counts = Counter(kind for of_one in kinds for kind in of_one)
    for name, share in (("upper", 0.5), ("title", 0.3), ("lower", 0.2), ("characters", 0.25)):
        assert counts[name] / len(numbers) == pytest.approx(share, abs=0.03), name
    assert all(len({"upper", "title", "lower"} & set(of_one)) == 1 for of_one in kinds)


def test_sides_change_together(tmp_path: Path) -> None:
    table = tmp_path / "swaps.tsv"
    table.write_text("# words\none\ttwo\teins\tzwei\n", encoding="utf-8")
    for name, value in (
        ("upper", 1.0), ("title", 1.0), ("concatenate", 1.0), ("copy_targets", 1.0),
        ("counterfactual", {"share": 1.0, "file": str(table)}),
    ):  # fmt: skip
        pair, other = TextPair("one four", "eins vier"), TextPair("five", "fünf")
        changed = augmenter_of(**{name: value}).change(pair, 0, 0, [other]).pair
        expected = {
            "upper": TextPair("ONE FOUR", "EINS VIER"),
            "title": TextPair("One Four", "Eins Vier"),
            "concatenate": TextPair("one four five", "eins vier fünf"),
            "copy_targets": TextPair("eins vier", "eins vier"),
            "counterfactual": TextPair("two four", "zwei vier"),
        }[name]
        assert changed == expected
    names = tmp_path / "names.txt"
    names.write_text("Ann\nBob\n", encoding="utf-8")
    both = augmenter_of(numbers=1.0, names={"share": 1.0, "file": str(names)})
    source, target = both.change(TextPair("Ann has 345.", "Ann hat 345."), 0, 0).pair
    assert source.startswith("Bob has ")
    assert source.split()[-1] == target.split()[-1] != "345."


def test_a_letter_case_can_be_that_of_sources_alone() -> None:
    one_sided = augmenter_of(upper={"share": 1.0, "sides": "source"})
    assert one_sided.change(TextPair("one", "eins"), 0, 0).pair == TextPair("ONE", "eins")
    # A share alone is for both sides, and is stored as in the recipes of earlier versions.
    section = AugmentSection.model_validate({"upper": 0.1, "lower": {"share": 0.2}})
    assert section.model_dump(exclude_none=True) == {"upper": 0.1, "lower": 0.2}
    kinds = identify_augmentation(section)["kinds"]
    assert kinds == {"upper": {"share": 0.1}, "lower": {"share": 0.2}}


def test_fixed_texts_of_templates_and_tags_stay() -> None:
    recipe = build_recipe(
        {
            **TINY,
            "data": {**TINY["data"], "source": "question: {q}", "augment": {"upper": 1.0}},
        }
    )
    augmenter = build_augmenter(recipe.data, ("en", "de"), list)
    assert augmenter.change(TextPair("question: who", ">>de<< wer"), 0, 0).pair == (
        "question: WHO", ">>de<< WER"
    )  # fmt: skip


@pytest.fixture
def tokenizer(tmp_path: Path) -> PreTrainedTokenizerBase:
    return FAMILIES["t5"](tmp_path)[1]


def build(
    directory: Path, tokenizer: PreTrainedTokenizerBase, rounds: Rounds, size: int, limit: int = 40
) -> tuple[TokenStore, StoreManifest]:
    def chunks() -> list[Pairs]:
        parts = [PAIRS[i : i + size] for i in range(0, len(PAIRS), size)]
        return [Pairs(*map(list, zip(*part, strict=True))) for part in parts]

    key = StoreKey({}, "", "go: ", limit, limit, rounds.identity)
    build_store(
        directory,
        key,
        chunks,
        PairEncoder(tokenizer, "go: ", limit, limit),
        origin="",
        rounds=rounds,
    )
    manifest = read_manifest(directory)
    assert manifest is not None
    return TokenStore(directory, manifest), manifest


def rounds_of(tokenizer: PreTrainedTokenizerBase, **augment: Any) -> Rounds:
    section = recipe_with(**augment).data.augment
    assert section is not None
    subwords = SubwordDraw(build_samplers(tokenizer, SubwordSampling(share=0.5)), 0.5, 3)
    return Rounds(2, identify_augmentation(section), augmenter_of(**augment), subwords)


def test_rounds_follow_each_other_whatever_the_chunks_and_the_processes(
    tmp_path: Path, tokenizer: PreTrainedTokenizerBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("t5tune.data.parallel_map.count_cores", lambda: 2)
    rounds = rounds_of(tokenizer, upper=0.2, typos=0.2, concatenate=0.3)
    store, manifest = build(tmp_path / "a", tokenizer, rounds, 3)
    _, other = build(tmp_path / "b", tokenizer, rounds, 200)
    assert manifest.tokens_sha256 == other.tokens_sha256
    assert manifest.augmentation == other.augmentation
    clean_store, clean = build(tmp_path / "c", tokenizer, NO_AUGMENTATION, 7)
    assert manifest.pairs_sha256 == clean.pairs_sha256, "the fingerprint is of the data as it is"
    dataset, unchanged = store.open(), clean_store.open()
    assert (len(dataset), dataset.num_examples, dataset.num_rounds) == (400, 200, 2)
    halves = [[dataset.sources[r * 200 + i].tolist() for i in range(200)] for r in (0, 1)]
    same = [
        sum(a == b.tolist() for a, b in zip(half, unchanged.sources, strict=True))
        for half in halves
    ]
    assert 20 < same[0] < 100 > same[1] > 20
    assert halves[0] != halves[1]
    (sentence,) = describe_augmentation(manifest)
    assert sentence.startswith("augmented in 2 rounds, 400 examples in all, of which changed: con")


def test_without_augmentation_keys_and_manifests_are_those_of_earlier_versions(
    tmp_path: Path, tokenizer: PreTrainedTokenizerBase
) -> None:
    _, manifest = build(tmp_path / "a", tokenizer, NO_AUGMENTATION, 7)
    assert "augmentation" not in manifest.key
    assert "augmentation" not in (tmp_path / "a" / "manifest.json").read_text(encoding="utf-8")


def test_an_example_that_would_be_too_long_stays_as_it_is(
    tmp_path: Path, tokenizer: PreTrainedTokenizerBase
) -> None:
    rounds = rounds_of(tokenizer, concatenate=1.0)
    clean_store, _ = build(tmp_path / "a", tokenizer, NO_AUGMENTATION, 7)
    longest = int(
        max(side.lengths.max() for side in (clean_store.open().sources, clean_store.open().targets))
    )
    store, manifest = build(tmp_path / "b", tokenizer, rounds, 7, longest)
    assert manifest.augmentation is not None
    assert manifest.augmentation["too_long"] > 20
    assert manifest.num_truncated == 0
    dataset, clean = store.open(), clean_store.open()
    assert int(dataset.sources.lengths.max()) <= longest
    ends = [dataset.sources[i][-1] for i in range(len(dataset))]
    assert set(ends) == {tokenizer.eos_token_id}
    assert np.mean(dataset.targets.lengths) > np.mean(clean.targets.lengths), "some fit"


def test_what_cannot_be_used_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(T5TuneError, match="fewer than two words with a capital"):
        augmenter_of(names=0.5)
    table = tmp_path / "swaps.tsv"
    table.write_text("he\tshe\ter\n", encoding="utf-8")
    with pytest.raises(T5TuneError, match=r"swaps.tsv:1: the line is neither"):
        augmenter_of(counterfactual={"share": 0.5, "file": str(table)})


def test_streams_are_varied_anew_in_each_pass_and_continue_the_same(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    rounds = rounds_of(tokenizer, upper=0.3, typos=0.3)
    rows = [Example(source, [target]) for source, target in PAIRS[:20]]
    split = OpenSplit("data.train", TableFile("t.tsv"), "rows", None, lambda: iter(rows))
    encoder = PairEncoder(tokenizer, "", 40, 40)

    def read(begin: StreamPosition, num: int) -> list[tuple[StreamPosition, list[int]]]:
        stream = ExampleStream(
            TrainingText(split), encoder, 8, 1000, lambda: None, lambda _: None, rounds
        )
        windows = islice(stream.windows(begin), num)
        return [(one.start, one.dataset.sources.ids.tolist()) for one in windows]

    whole = read(StreamPosition(), 6)
    assert [start.num_passes for start, _ in whole] == [0, 0, 0, 1, 1, 1]
    assert [ids for _, ids in whole[:3]] != [ids for _, ids in whole[3:]]
    pairs = Pairs([one.source for one in rows], [one.references[0] for one in rows])
    stored, _ = rounds.encode(encoder, NumberedPairs(0, pairs), 1).sides
    assert [i for _, ids in whole[3:] for i in ids] == stored.ids.tolist()
    for i in (1, 4):
        assert read(whole[i][0], 2) == whole[i : i + 2]
