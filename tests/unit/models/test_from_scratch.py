from __future__ import annotations

import sys
from pathlib import Path

import pytest
import sentencepiece
from transformers import AutoTokenizer

from t5tune.errors import T5TuneError
from t5tune.models.from_scratch import build_model
from t5tune.models.new_tokenizers import build_tokenizer
from t5tune.recipe.sections.from_scratch_section import FromScratchSection, TokenizerSection
from tests import forks
from tests.conftest import REPOSITORY
from tests.unit.models.learned_pieces import learn_pieces

SOURCES = ["the cat sat on the mat", "a dog"] * 20
TARGETS = ["die Katze saß", "ein Hund"] * 20


@pytest.mark.parametrize(
    "section",
    [
        TokenizerSection(type="unigram", vocab_size=60),
        TokenizerSection(type="bpe", vocab_size=60),
        TokenizerSection(type="characters"),
        TokenizerSection(type="characters", whole_target_words=True),
        TokenizerSection(type="words"),
        TokenizerSection(type="bytes"),
    ],
    ids=lambda section: section.type,
)
def test_text_survives_and_the_saved_tokenizer_is_the_same(
    section: TokenizerSection, tmp_path: Path
) -> None:
    tokenizer = build_tokenizer(section, SOURCES, TARGETS)
    tokenizer.save_pretrained(tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    assert len(loaded) == len(tokenizer)
    for text in (SOURCES[0], TARGETS[0]):
        ids = tokenizer(text).input_ids
        assert ids[-1] == tokenizer.eos_token_id
        assert loaded(text).input_ids == ids
        assert tokenizer.decode(ids, skip_special_tokens=True) == text


def test_whole_target_words_are_one_token_each() -> None:
    section = TokenizerSection(type="characters", whole_target_words=True)
    tokenizer = build_tokenizer(section, ["aad"], ["t͡s aː t"])
    assert tokenizer.convert_ids_to_tokens(tokenizer("t͡s aː t").input_ids)[:3] == [
        "▁t͡s",
        "▁aː",
        "▁t",
    ]
    assert len(tokenizer("aad").input_ids) == len("▁aad") + 1


def test_a_vocabulary_smaller_than_the_alphabet_is_refused() -> None:
    with pytest.raises(T5TuneError, match="vocab_size: 16 is too small"):
        build_tokenizer(TokenizerSection(vocab_size=16), SOURCES, TARGETS)


def test_sizes_and_overrides_reach_the_configuration() -> None:
    tokenizer = build_tokenizer(TokenizerSection(type="bytes"), [], [])
    section = FromScratchSection(d_model=16, d_ff=24, num_layers=2, num_heads=2)
    model = build_model(section, tokenizer, {"dropout_rate": 0.3})
    config = model.config
    assert (config.d_model, config.d_kv, config.d_ff) == (16, 8, 24)
    assert (config.num_layers, config.num_decoder_layers) == (2, 2)
    assert config.dropout_rate == 0.3
    assert config.vocab_size == len(tokenizer)
    assert config.decoder_start_token_id == tokenizer.pad_token_id


@pytest.mark.parametrize("name", ["marian", "bart"])
def test_the_sizes_have_the_same_keys_in_every_architecture(name: str) -> None:
    tokenizer = build_tokenizer(TokenizerSection(type="bytes"), [], [])
    section = FromScratchSection.model_validate(
        {"architecture": name, "d_model": 16, "d_ff": 24, "num_layers": 3, "num_decoder_layers": 1,
         "num_heads": 2, "activation": "relu"}
    )  # fmt: skip
    config = build_model(section, tokenizer, {"dropout": 0.3}).config
    assert (config.model_type, config.d_model, config.dropout) == (name, 16, 0.3)
    assert (config.encoder_layers, config.decoder_layers) == (3, 1)
    assert config.encoder_ffn_dim == config.decoder_ffn_dim == 24
    assert config.encoder_attention_heads == config.decoder_attention_heads == 2
    assert config.activation_function == "relu"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"architecture": "marian", "feed_forward_proj": "relu"}, "marian has no `feed_forward_pr"),
        ({"architecture": "bart", "d_kv": 8}, "a bart has no `d_kv`"),
        ({"activation": "gelu"}, "a t5 has no `activation`"),
        ({"num_layers": 1, "num_decoder_layers": 2}, "`architecture: bart` allow it"),
    ],
)
def test_keys_that_an_architecture_does_not_have_are_refused(
    given: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        FromScratchSection.model_validate(given)
    marian = FromScratchSection(architecture="marian", num_layers=1, num_decoder_layers=2)
    assert FromScratchSection.model_validate(marian.model_dump()) == marian


def test_an_unknown_field_gets_the_nearest_name() -> None:
    tokenizer = build_tokenizer(TokenizerSection(type="bytes"), [], [])
    section = FromScratchSection(d_model=16, num_heads=2)
    with pytest.raises(T5TuneError, match=r"dropout_rat: .* did you mean dropout_rate"):
        build_model(section, tokenizer, {"dropout_rat": 0.3})


def test_byte_pairs_are_merged_as_by_sentencepiece(monkeypatch: pytest.MonkeyPatch) -> None:
    models = []
    original = sentencepiece.SentencePieceProcessor

    def keep(**arguments: bytes) -> sentencepiece.SentencePieceProcessor:
        models.append(original(**arguments))
        return models[-1]

    monkeypatch.setattr(sentencepiece, "SentencePieceProcessor", keep)
    lines = (REPOSITORY / "recipes/phrasebook/train.tsv").read_text(encoding="utf-8").splitlines()
    texts = [text for line in lines[1:301] for text in line.split("\t")]
    tokenizer = build_tokenizer(TokenizerSection(type="bpe", vocab_size=300), texts, [])
    for text in texts:
        assert tokenizer(text).input_ids[:-1] == models[0].encode(text)


def test_another_process_learns_the_same_pieces() -> None:
    """The trainer of `tokenizers` would not, because its sums follow the order of hash tables.

    Hash tables of this process and of the one that forks come from have different orders.
    """
    command = [sys.executable, "-m", "tests.unit.models.learned_pieces"]
    there = forks.run(command, cwd=REPOSITORY, text=True, check=True).stdout.strip()
    assert there == learn_pieces() == learn_pieces()
    assert there.split()[1] == "600"
