"""Test new tokens and languages of every family: ids, texts, copies and starting embeddings."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer

from t5tune.errors import T5TuneError
from t5tune.models.new_embeddings import start_embeddings
from t5tune.models.new_tokens import add_language, add_tokens, find_next_id, find_parts
from tests.tiny_families import FAMILIES

LETTERS = ["ŋ", "ẽ"]
MARKER = "<formal>"
TEXTS = ["oneŋtwo ŋ", "ŋone threeẽ ŋŋ four", f"{MARKER} one ẽ", "two one"]
BYTES = ("byt5", "bart")


@pytest.mark.parametrize("family", FAMILIES)
def test_new_tokens_stand_inside_words_and_survive_copies(family: str, tmp_path: Path) -> None:
    model, tokenizer = FAMILIES[family](tmp_path / "a")
    before = [tokenizer(text)["input_ids"] for text in ("one two", "three four")]
    first = find_next_id(tokenizer)
    if family == "m2m100":
        with pytest.raises(T5TuneError, match="M2M100Tokenizer takes no new pieces: ŋ and ẽ"):
            add_tokens(tokenizer, LETTERS)
        return
    parts = {token: find_parts(tokenizer, token) for token in (*LETTERS, "two")}
    extended = add_tokens(tokenizer, [*LETTERS, MARKER])
    assert [extended(text)["input_ids"] for text in ("one two", "three four")] == before
    numbers = [first, first + 1, first + 2]
    assert extended.convert_tokens_to_ids([*LETTERS, MARKER]) == numbers
    for text in TEXTS:
        ids = extended(text)["input_ids"]
        assert extended.unk_token_id not in ids
        assert extended.decode(ids, skip_special_tokens=True).replace("__en__ ", "") == text
        assert sum(ids.count(number) for number in numbers) == sum(
            text.count(token) for token in (*LETTERS, MARKER)
        )
    extended.save_pretrained(tmp_path / "b")
    model.config.save_pretrained(tmp_path / "b")
    for fast in (True, False):
        again = AutoTokenizer.from_pretrained(tmp_path / "b", use_fast=fast)
        assert [again(text)["input_ids"] for text in TEXTS] == [
            extended(text)["input_ids"] for text in TEXTS
        ]

    if family not in BYTES:
        assert parts["ŋ"] == []
        assert len(parts["ẽ"]) == 1  # an e
    tables = {"input": model.get_input_embeddings().weight.clone()}
    tables["output"] = model.get_output_embeddings().weight.clone()
    bias = getattr(model, "final_logits_bias", None)
    if bias is not None:
        bias += torch.randn(bias.shape)
        tables["bias"] = bias.T.clone()
    donors = {first: [], first + 1: [3, 4], first + 2: [7]}
    start_embeddings(model, donors, first)
    now = {
        "input": model.get_input_embeddings().weight,
        "output": model.get_output_embeddings().weight,
    }
    if bias is not None:
        now["bias"] = model.final_logits_bias.T
    for name, table in tables.items():
        assert torch.equal(now[name][:first], table[:first]), name
        torch.testing.assert_close(now[name][first], table[:first].mean(dim=0))
        torch.testing.assert_close(now[name][first + 1], (table[3] + table[4]) / 2)
        torch.testing.assert_close(now[name][first + 2], table[7])
    tied = model.get_input_embeddings().weight.data_ptr()
    assert (tied == model.get_output_embeddings().weight.data_ptr()) == torch.equal(
        tables["input"], tables["output"]
    )


def test_what_a_tokenizer_never_finds_is_refused(tmp_path: Path) -> None:
    _, tokenizer = FAMILIES["nllb"](tmp_path)
    with pytest.raises(T5TuneError, match="new pieces of one character only: tʃ"):
        add_tokens(tokenizer, ["tʃ"])


def test_languages_that_cannot_be_added_are_refused(tmp_path: Path) -> None:
    _, nllb = FAMILIES["nllb"](tmp_path / "nllb")
    for code, like, reason in (
        ("deu_Latn", "eng_Latn", "the model knows the language deu_Latn already"),
        ("xyz_Latn", "eng_Latm", "does not know the language eng_Latm; did you mean eng_Latn"),
        ("xyz", "eng_Latn", "have the form ace_Arab, and xyz does not"),
    ):
        with pytest.raises(T5TuneError, match=reason):
            add_language(nllb, code, like)
    for family, kind, code in (("m2m100", "M2M100", "xy"), ("mbart50", "MBart50", "xy_XY")):
        _, tokenizer = FAMILIES[family](tmp_path / family)
        with pytest.raises(T5TuneError, match=f"has the languages of {kind} in a fixed table"):
            add_language(tokenizer, code, "en" if family == "m2m100" else "en_XX")
