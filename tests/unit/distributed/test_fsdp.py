"""Test which blocks of a model are gathered one at a time, and the error for one process."""

from __future__ import annotations

import pytest
import torch
import transformers

from t5tune.distributed.fsdp import find_blocks
from t5tune.distributed.sharded_tensors import is_sharded
from t5tune.distributed.sharding_refusals import refuse_unequal_parts
from t5tune.distributed.whole_copy import full_model
from t5tune.errors import T5TuneError
from t5tune.training.strategies.sharding_choice import build_strategy
from tests.tiny_sections import fitted_training

T5_SIZES = {"vocab_size": 40, "d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 3,
            "num_decoder_layers": 2, "num_heads": 2}  # fmt: skip
BART_SIZES = {"vocab_size": 40, "pad_token_id": 0, "d_model": 16, "encoder_ffn_dim": 32,
              "decoder_ffn_dim": 32, "encoder_layers": 3, "decoder_layers": 2,
              "encoder_attention_heads": 2, "decoder_attention_heads": 2}  # fmt: skip


def build(model_type: str) -> transformers.PreTrainedModel:
    sizes = T5_SIZES if "t5" in model_type or "switch" in model_type else BART_SIZES
    config = transformers.AutoConfig.for_model(model_type, **sizes)
    return transformers.AutoModelForSeq2SeqLM.from_config(config)


@pytest.mark.parametrize(
    "model_type",
    ["t5", "mt5", "umt5", "longt5", "bart", "mbart", "marian", "m2m_100", "pegasus", "pegasus_x",
     "blenderbot", "led"],
)  # fmt: skip
def test_blocks_of_encoder_and_decoder_are_found(model_type: str) -> None:
    model = build(model_type)
    blocks = find_blocks(model)
    assert len(blocks) == 5
    names = {type(block).__name__ for block in blocks}
    assert all(name.endswith(("Block", "EncoderLayer", "DecoderLayer")) for name in names)
    in_blocks = sum(p.numel() for block in blocks for p in block.parameters())
    embeddings = sum(
        p.numel() for name, p in model.named_parameters() if "embed" in name or "shared" in name
    )
    rest = sum(p.numel() for p in model.parameters()) - in_blocks - embeddings
    assert rest <= 0.1 * in_blocks, "large parts are in no block"


def test_experts_are_refused() -> None:
    with pytest.raises(T5TuneError, match="experts"):
        refuse_unequal_parts(build("switch_transformers"))


def test_dropped_layers_are_refused() -> None:
    model = build("m2m_100")
    assert model.config.encoder_layerdrop > 0, "which is M2M100's default"
    with pytest.raises(T5TuneError, match="layerdrop") as error:
        refuse_unequal_parts(model)
    assert "encoder_layerdrop=0" in (error.value.next_command or "")
    refuse_unequal_parts(build("bart"))


def test_one_process_is_told_to_start_several() -> None:
    model = build("t5")
    section = fitted_training(sharding="fsdp")
    with pytest.raises(T5TuneError, match="this is the only one") as error:
        build_strategy(model, section, torch.device("cpu"), from_scratch=True)
    assert "--num-processes" in (error.value.next_command or "")
    assert not is_sharded(model)
    with full_model(model) as whole:
        assert whole is model
