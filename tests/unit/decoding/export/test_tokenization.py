"""Test that tokenizers without Transformers give the same ids and texts as with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sentencepiece
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from transformers import ByT5Tokenizer, MarianTokenizer, PreTrainedTokenizerBase

from t5tune.decoding.export.stored_tokenizer import encodes_targets, write_tokenization
from t5tune.decoding.export.tokenization import Tokenization, load_tokenization
from t5tune.models.families import set_languages
from t5tune.models.new_tokenizers import build_tokenizer
from t5tune.recipe.sections.from_scratch_section import TokenizerSection
from tests.tiny_families import FAMILIES, MULTILINGUAL, TEXTS

KINDS = {
    "t5": "tokenizers", "bart": "tokenizers", "nllb": "tokenizers", "byt5": "bytes",
    "marian": "sentencepiece", "m2m100": "sentencepiece",
}  # fmt: skip
# Words of the vocabulary, special tokens, language codes and anything else.
WORDS = st.sampled_from(["one", "two", "vier", "</s>", "<pad>", "<unk>", ">>deu<<", "__de__", " "])
HOSTILE = st.lists(WORDS | st.text(max_size=8), max_size=6).map("".join)


class Both:
    def __init__(self, tokenizer: PreTrainedTokenizerBase, own: Tokenization) -> None:
        self.tokenizer = tokenizer
        self.own = own

    def compare(self, text: str) -> None:
        ids = self.tokenizer([text])["input_ids"][0]
        assert self.own.encode([text]) == [ids]
        decoded = self.tokenizer.batch_decode(
            [ids], skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        assert self.own.decode([ids]) == decoded
        of_target = self.tokenizer(text_target=[text], add_special_tokens=False)["input_ids"]
        assert self.own.encode_targets([text]) == of_target


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Both]:
    made: dict[str, Both] = {}

    def build(family: str) -> Both:
        if family not in made:
            folder = tmp_path_factory.mktemp(family)
            _, tokenizer = FAMILIES[family](folder)
            if family in MULTILINGUAL:
                set_languages(tokenizer, "en", "de")
            target = folder / "export"
            target.mkdir()
            found = write_tokenization(tokenizer, target, TEXTS)
            assert found["kind"] == KINDS[family]
            made[family] = Both(tokenizer, load_tokenization(target, found))
        return made[family]

    return build


@pytest.mark.parametrize("family", KINDS)
def test_any_text(family: str, both: Callable[[str], Both]) -> None:
    pair = both(family)

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(HOSTILE)
    def check(text: str) -> None:
        pair.compare(text)

    check()


@pytest.mark.parametrize("kind", ["unigram", "bpe", "characters", "words", "bytes"])
def test_tokenizers_from_scratch(kind: str, tmp_path: Path) -> None:
    section = TokenizerSection(
        type=kind, **({"vocab_size": 40} if kind in ("unigram", "bpe") else {})
    )
    tokenizer = build_tokenizer(section, TEXTS, TEXTS)
    found = write_tokenization(tokenizer, tmp_path, TEXTS)
    assert found["kind"] == ("bytes" if kind == "bytes" else "tokenizers")
    pair = Both(tokenizer, load_tokenization(tmp_path, found))
    for text in ["", "one two  three", "unknown Ω </s> one", *TEXTS[:5]]:
        pair.compare(text)


class ShoutingByT5Tokenizer(ByT5Tokenizer):  # type: ignore[misc]
    def _tokenize(self, text: str) -> list[str]:
        return list(super()._tokenize(text.upper()))


def test_what_is_not_the_same_is_left_to_transformers(tmp_path: Path) -> None:
    found = write_tokenization(ShoutingByT5Tokenizer(), tmp_path, TEXTS)
    assert found["kind"] == "transformers"
    ByT5Tokenizer().save_pretrained(
        tmp_path
    )  # Transformers does not know the name of the other file
    reloaded = load_tokenization(tmp_path, found)
    assert reloaded.decode(reloaded.encode(["one two"])) == ["one two"]


def test_targets_have_the_pieces_of_their_own_side(tmp_path: Path) -> None:
    FAMILIES["marian"](tmp_path)
    others = iter(["one two three", "eins zwei drei"])
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=others, model_prefix=str(tmp_path / "target"), model_type="char",
        vocab_size=20, minloglevel=2,
    )  # fmt: skip
    (tmp_path / "target.model").replace(tmp_path / "target.spm")
    files = (tmp_path / name for name in ("source.spm", "target.spm", "vocab.json"))
    tokenizer = MarianTokenizer(*map(str, files))
    export = tmp_path / "export"
    export.mkdir()
    found = write_tokenization(tokenizer, export, TEXTS)
    own = load_tokenization(export, found)
    assert encodes_targets(tokenizer, export, found, TEXTS)
    assert len(own.encode_targets(["eins zwei"])[0]) > len(own.encode(["eins zwei"])[0])
    del found["target_model_file"]  # as in an export of an earlier version
    assert not encodes_targets(tokenizer, export, found, TEXTS)
