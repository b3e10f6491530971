"""Test that long sources are split at sentences into chunks that fit, and nothing is lost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random

from t5tune.decoding.documents.chunks import join_outputs, split_long_sources
from t5tune.decoding.torch_translator import TorchTranslator
from t5tune.decoding.translator import DecodingOptions
from t5tune.models.input_settings import CHUNK, InputSettings
from tests.tiny_families import build_translator


def count_words(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) + 2 for text in texts]  # with a prefix and an end


def split(text: str, limit: int) -> list[str]:
    (chunks,) = split_long_sources([text], count_words, limit, language="en")
    return chunks


def test_chunks_are_whole_sentences_of_about_equal_length() -> None:
    text = "One two three. Four five. Six seven eight nine. Ten. Eleven twelve."
    assert split(text, 20) == [text]
    assert split(text, 11) == [
        "One two three. Four five. Six seven eight nine.",
        "Ten. Eleven twelve.",
    ]
    assert split(text, 8) == [
        "One two three. Four five.",
        "Six seven eight nine. Ten.",
        "Eleven twelve.",
    ]


def test_every_chunk_fits_and_no_word_is_lost() -> None:
    for seed in range(200):
        draw = Random(seed)
        ends = [draw.choice(["", "", "", ",", ".", "?"]) for _ in range(draw.randint(1, 80))]
        text = " ".join(
            f"{'W' if draw.random() < 0.3 else 'w'}{i}{end}" for i, end in enumerate(ends)
        )
        limit = draw.randint(3, 30)
        chunks = split(text, limit)
        assert " ".join(chunks).split() == text.split()
        assert max(count_words(chunks)) <= limit
        assert (len(chunks) > 1) == (count_words([text])[0] > limit)


def test_a_limit_below_what_is_added_to_every_text_leaves_the_source_to_be_cut() -> None:
    assert split("one two three", 2) == ["one two three"]


def test_outputs_are_joined_as_their_script_is_written() -> None:
    assert join_outputs(["Eins.", "", "Zwei."]) == "Eins. Zwei."
    assert join_outputs(["你好。", "世界。"]) == "你好。世界。"


def test_a_translator_joins_the_outputs_for_the_chunks(tmp_path: Path) -> None:
    plain = build_translator("t5", tmp_path)
    settings = InputSettings("", 6, None, CHUNK, "en")
    translator = TorchTranslator(plain.model, plain.tokenizer, settings)
    options, texts = DecodingOptions(4, 1), ["One two. Three four. Five one.", "two"]
    chunks = split_long_sources(texts, translator.count_tokens, 6, language="en")
    assert len(chunks[0]) > 1
    done: list[int] = []
    found = translator.translate(texts, options, done.append)
    assert (translator.num_chunked, translator.num_truncated, sum(done)) == (1, 0, 2)
    expected = plain.translate(chunks[0], options)
    assert found[0].text == join_outputs([one.text for one in expected])
    assert found[0].num_tokens == sum(one.num_tokens for one in expected)
    translator.translate_n_best(texts, options)
    assert (translator.num_chunked, translator.num_truncated) == (0, 1)
    assert found[1] == plain.translate(["two"], options)[0]
