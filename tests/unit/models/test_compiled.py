from __future__ import annotations

import shutil

import pytest
import torch
from transformers import T5Config, T5ForConditionalGeneration

from t5tune.errors import T5TuneError
from t5tune.models.compiled import compile_stacks, uncompiled
from t5tune.models.packed import accept_packed_rows

needs_compiler = pytest.mark.skipif(not shutil.which("g++"), reason="needs a C++ compiler")


def count_graphs() -> int:
    return int(torch._dynamo.utils.counters["stats"]["unique_graphs"])


@pytest.fixture
def only_traced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trace, which takes seconds instead of a minute; test_train_command.py compiles."""
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    compile_part = torch.nn.Module.compile
    monkeypatch.setattr(
        torch.nn.Module, "compile", lambda part: compile_part(part, backend="eager")
    )
    torch.manual_seed(0)


@needs_compiler
def test_generation_compiles_nothing_and_training_one_shape(only_traced: None) -> None:
    model = T5ForConditionalGeneration(
        T5Config(
            vocab_size=40, d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2,
            dropout_rate=0.0, decoder_start_token_id=0,
        )
    )  # fmt: skip
    names = list(model.state_dict())
    ids = torch.randint(3, 40, (2, 8))
    inputs = {"input_ids": ids, "decoder_input_ids": ids, "use_cache": False}
    expected = model(**inputs).logits
    compile_stacks(model)
    logits = model(**inputs).logits
    logits.sum().backward()
    torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-5)
    assert list(model.state_dict()) == names
    graphs = count_graphs()
    assert graphs > 0
    with uncompiled(model), torch.no_grad():
        model.generate(input_ids=ids, max_new_tokens=6)
        model.generate(input_ids=ids[:, :5], max_new_tokens=6)
    assert count_graphs() == graphs
    model(**inputs).logits.sum().backward()
    assert count_graphs() == graphs


def test_blocks_are_compiled_once_for_any_depth(only_traced: None) -> None:
    model = T5ForConditionalGeneration(
        T5Config(
            vocab_size=40, d_model=16, d_kv=8, d_ff=32, num_layers=5, num_heads=2,
            dropout_rate=0.0, decoder_start_token_id=0,
        )
    )  # fmt: skip
    accept_packed_rows(model)
    ids, segments = torch.randint(3, 40, (2, 8)), torch.tensor([[1] * 5 + [2] * 3] * 2)
    inputs = {
        "input_ids": ids, "decoder_input_ids": ids, "source_segments": segments,
        "target_segments": segments,
    }  # fmt: skip
    expected = model(**inputs).logits
    compile_stacks(model, by_block=True)
    for _ in range(2):
        logits = model(**inputs).logits
        logits.sum().backward()
        # The first block of a stack has the position biases.
        assert count_graphs() == 4
    torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-5)
    with uncompiled(model), torch.no_grad():
        model.generate(input_ids=ids[:, :5], max_new_tokens=6)
    assert count_graphs() == 4


@pytest.mark.parametrize(
    ("on_gpu", "needed", "there"), [(True, "gcc", "g++"), (False, r"g\+\+", "gcc")]
)
def test_the_compiler_of_the_device_is_looked_for_before_training(
    on_gpu: bool, needed: str, there: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: on_gpu)
    monkeypatch.setattr(shutil, "which", lambda name: name if name == there else None)
    for variable in ("CC", "CXX"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(T5TuneError, match=f"neither {needed} nor"):
        compile_stacks(T5ForConditionalGeneration(T5Config(num_layers=1, d_model=8, d_ff=8)))
