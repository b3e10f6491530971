"""Test new tokens and languages of every family: ids, texts, copies and starting embeddings."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer, PreTrainedModel

from t5tune.errors import T5TuneError
from t5tune.models.families import begin_texts
from t5tune.models.loading import load_model, load_tokenizer
from t5tune.models.new_embeddings import start_embeddings
from t5tune.models.new_tokens import add_language, add_tokens, find_next_id, find_parts
from t5tune.models.ties import list_ties
from tests.genuine_families import FAMILIES as PUBLISHED
from tests.genuine_families import write_files
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


@pytest.mark.parametrize("family", ["t5", "t5-1.1", "bart", "nllb", "marian"])
def test_new_tokens_start_as_their_donors_and_ties_stay(family: str, tmp_path: Path) -> None:
    model, _ = FAMILIES[family](tmp_path / "a")
    if family == "t5-1.1":  # as Transformers reads the configurations of published models
        model.config.tie_word_embeddings = True
    before, ties = tables_of(model), list_ties(model)
    num = len(before["input"])
    donors = {num: [], num + 1: [3, 4], num + 7: [7]}
    start_embeddings(model, donors, num)
    assert list_ties(model) == ties
    assert model.config.vocab_size == num + 8
    for name, table in tables_of(model).items():
        assert len(table) == num + 8, name
        assert torch.equal(table[:num], before[name]), name
        torch.testing.assert_close(table[num], before[name].mean(dim=0))
        torch.testing.assert_close(table[num + 1], (table[3] + table[4]) / 2)
        torch.testing.assert_close(table[num + 7], table[7])
    model.save_pretrained(tmp_path / "b")
    again = load_model(str(tmp_path / "b"))
    for name, table in tables_of(again).items():
        assert torch.equal(table, tables_of(model)[name]), name
    ids = torch.tensor([[3, num + 1]])
    with torch.no_grad():
        assert model(input_ids=ids, decoder_input_ids=ids).logits.shape[-1] == num + 8


def tables_of(model: PreTrainedModel) -> dict[str, torch.Tensor]:
    """Return copies of all that has a row for each token; a bias, which is zero, with values."""
    tables = {
        "input": model.get_input_embeddings().weight,
        "output": model.get_output_embeddings().weight,
    }
    bias = getattr(model, "final_logits_bias", None)
    if bias is not None:
        if not bias.any():
            bias += torch.linspace(0, 1, bias.shape[1])
        tables["bias"] = bias.T
    return {name: table.detach().clone() for name, table in tables.items()}


def test_languages_of_a_published_nllb_keep_their_ids(tmp_path: Path) -> None:
    """They lie after the pieces, to which new ones are added."""
    write_files(PUBLISHED["NLLB"].files(), tmp_path / "a")
    tokenizer = load_tokenizer(str(tmp_path / "a"))
    known, first = tokenizer.get_vocab(), find_next_id(tokenizer)
    extended = add_tokens(tokenizer, LETTERS)
    add_language(extended, "xyz_Latn", "deu_Latn", as_source=True)
    extended.save_pretrained(tmp_path / "b")
    for one in (extended, load_tokenizer(str(tmp_path / "b"))):
        assert known.items() <= one.get_vocab().items()
        assert one.convert_tokens_to_ids([*LETTERS, "xyz_Latn"]) == [first, first + 1, first + 2]
        assert one.decode(one("oneŋtwo ẽ")["input_ids"], skip_special_tokens=True) == "oneŋtwo ẽ"


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
            add_language(nllb, code, like, as_source=True)
    for family, kind, code in (("m2m100", "M2M100", "xy"), ("mbart50", "MBart50", "xy_XY")):
        _, tokenizer = FAMILIES[family](tmp_path / family)
        with pytest.raises(T5TuneError, match=f"has the languages of {kind} in a fixed table"):
            add_language(tokenizer, code, "en" if family == "m2m100" else "en_XX", as_source=True)


def test_mbart_50_translates_into_a_language_that_is_not_in_its_table(tmp_path: Path) -> None:
    _, tokenizer = FAMILIES["mbart50"](tmp_path)
    known, first = tokenizer.get_vocab(), find_next_id(tokenizer)
    add_language(tokenizer, "xy_XY", "de_DE", as_source=False)
    assert begin_texts("mbart", tokenizer, "en", "xy_XY").forced_bos_token_id == first
    tokenizer.save_pretrained(tmp_path / "saved")
    again = AutoTokenizer.from_pretrained(tmp_path / "saved")
    assert again.get_vocab() == {**known, "xy_XY": first}
    for one in (tokenizer, again):
        ids = one(text_target="two")["input_ids"]
        assert (ids[0], ids[-1]) == (first, tokenizer.eos_token_id)
        assert one.decode(ids, skip_special_tokens=True) == "two"
