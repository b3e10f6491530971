"""Test that Marian's texts get the same ids from SentencePiece as from its tokenizer."""

from __future__ import annotations

from t5tune.data.pair_encoding import choose_encoding
from t5tune.data.sentencepiece_encoding import call_sentencepiece
from t5tune.data.side_encoding import encode_side
from t5tune.models.new_tokenizers import build_tokenizer
from t5tune.recipe.sections.from_scratch_section import TokenizerSection
from tests.tiny_families import TEXTS

# What the tokenizer cuts out before it calls SentencePiece, and what the pieces cannot spell.
OTHERS = [">>deu<< one", ">>xyz<< one", "a </s> b", "<pad>", "你 x"]


def test_only_unusual_texts_are_left_to_the_tokenizer() -> None:
    texts = [*TEXTS, "<abcdefghijklmnopqrstuvwxyz/>"]  # the pieces can spell a marker
    tokenizer = build_tokenizer(TokenizerSection(separate_vocabs=True), texts, texts)
    for as_target in (False, True):
        left: list[str] = []

        def encode(
            texts: list[str], as_target: bool = as_target, seen: list[str] = left
        ) -> list[list[int]]:
            seen += texts
            return encode_side(texts, tokenizer, as_target=as_target)

        texts = [*TEXTS[:30], *OTHERS, "", "  two \t one\u3000"]
        expected = encode_side(texts, tokenizer, as_target=as_target)
        direct = call_sentencepiece(tokenizer, encode, as_target=as_target)
        assert direct(texts) == expected
        assert left == OTHERS
        assert choose_encoding(tokenizer, as_target=as_target)(texts) == expected
