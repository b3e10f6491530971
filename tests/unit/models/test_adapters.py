"""Test adapters and frozen parts of every family against plain PyTorch and peft."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch.nn.functional import cross_entropy
from transformers import PreTrainedModel

from t5tune.data.batching.steps import Batch
from t5tune.errors import T5TuneError
from t5tune.models.adapters import (
    add_adapter,
    load_trained,
    merge_adapter,
    plain_state_dict,
    save_for_peft,
    save_trained,
    trained_tensors,
)
from t5tune.models.cpu.fast_paths import use_fast_paths
from t5tune.models.decoder_inputs import shift_labels
from t5tune.models.freezing import freeze_parts
from t5tune.recipe.sections.adapter_section import AdapterSection
from t5tune.recipe.sections.model_section import ModelSection
from t5tune.run.directory import RunDirectory
from t5tune.training.checkpoints.best_adapter import save_with_adapter
from t5tune.training.checkpoints.selection import ChosenWeights
from t5tune.training.step.batch_loss import BatchLoss
from t5tune.training.step.objective import Objective
from t5tune.training.strategies.strategy import Strategy
from tests.tiny_families import FAMILIES

SMOOTHING = 0.1


def build(family: str, folder: Path) -> PreTrainedModel:
    """Build a tiny model without dropout, whose weights are large enough to be told apart."""
    torch.manual_seed(5)
    model, _ = FAMILIES[family](folder)
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
        for name in ("dropout", "attention_dropout", "activation_dropout"):
            if isinstance(getattr(module, name, None), float):
                setattr(module, name, 0.0)
    return model.train()


def stir(model: torch.nn.Module) -> None:
    """Move trained weights away from where the adapter computes nothing."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter += 0.1 * torch.randn(parameter.shape, generator=generator)


def make_batch(model: PreTrainedModel) -> Batch:
    generator = torch.Generator().manual_seed(2)
    ids, labels = torch.randint(5, min(40, model.config.vocab_size), (2, 4, 6), generator=generator)
    mask = torch.ones_like(ids)
    mask[1, 4:] = mask[2, 2:] = 0
    labels[0, 3:] = labels[3, 5:] = -100
    return {"input_ids": ids, "attention_mask": mask, "labels": labels}


def gradients(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {n: p.grad for n, p in model.named_parameters() if p.grad is not None}


def train_in_parts(model: PreTrainedModel, batch: Batch) -> None:
    """Add the gradients of a step of two batches, as training does on a CPU."""
    strategy = Strategy(torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1))
    loss = BatchLoss(model, strategy, Objective(SMOOTHING), bf16=False, searches_unused=False)
    num_tokens = batch["labels"].ne(-100).sum()
    for rows in (slice(0, 1), slice(1, 4)):
        piece = {name: tensor[rows] for name, tensor in batch.items()}
        (loss.sum(model, piece)[0] / num_tokens).backward()


def train_plainly(model: Any, base: PreTrainedModel, batch: Batch) -> None:
    logits = model(
        input_ids=batch["input_ids"], attention_mask=batch["attention_mask"],
        decoder_input_ids=shift_labels(base, batch["labels"]),
    ).logits  # fmt: skip
    targets = batch["labels"].flatten()
    cross_entropy(logits.flatten(0, 1), targets, label_smoothing=SMOOTHING).backward()


KINDS = ("lora", "dora", "ia3")


@pytest.mark.parametrize(("family", "kind"), zip(FAMILIES, itertools.cycle(KINDS), strict=False))
def test_gradients_and_merged_weights_are_those_of_peft(
    family: str, kind: str, tmp_path: Path
) -> None:
    from peft import PeftModel

    options = {} if kind == "ia3" else {"r": 3, "alpha": 5.0}
    section = AdapterSection(type=kind, **options)
    model = build(family, tmp_path / "a")
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    add_adapter(model, section, seed=1)
    assert {n: tuple(t.shape) for n, t in plain_state_dict(model).items()} == {
        n: tuple(t.shape) for n, t in before.items()
    }
    stir(model)
    save_for_peft(model, tmp_path, "a/b", None)
    save_trained(model, tmp_path)
    use_fast_paths(model, is_sharded=False)
    batch = make_batch(model)
    train_in_parts(model, batch)
    found = gradients(model)
    assert found.keys() == trained_tensors(model).keys()

    base = build(family, tmp_path / "b")
    plain = PeftModel.from_pretrained(base, tmp_path, is_trainable=True).train()
    train_plainly(plain, base, batch)
    of_peft = {n.removeprefix("base_model.model."): g for n, g in gradients(plain).items()}
    assert found.keys() == of_peft.keys()
    for name, gradient in of_peft.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-4, atol=2e-6)

    again = build(family, tmp_path / "c")
    add_adapter(again, section, seed=2)
    load_trained(again, tmp_path)
    merge_adapter(again)
    merged = plain.merge_and_unload().state_dict()
    assert again.state_dict().keys() == merged.keys() == before.keys()
    for name, tensor in again.state_dict().items():
        assert torch.equal(tensor, merged[name]), name
    changed = [name for name, tensor in merged.items() if not torch.equal(tensor, before[name])]
    assert len(changed) >= 4
    assert not any("embed" in name or "shared" in name or "lm_head" in name for name in changed)


@pytest.mark.parametrize("family", ["t5", "bart"])
def test_frozen_parts_get_no_gradient_and_the_others_the_same(family: str, tmp_path: Path) -> None:
    batch = make_batch(whole := build(family, tmp_path / "a"))
    train_plainly(whole, whole, batch)
    parts = {
        "embeddings": ("shared", "embed_positions"),
        "encoder": (".encoder.", "encoder."),
    }
    for part, names in parts.items():
        model = build(family, tmp_path / "b")
        freeze_parts(model, [part])
        use_fast_paths(model, is_sharded=False)
        train_in_parts(model, batch)
        found, of_all = gradients(model), gradients(whole)
        assert 0 < len(found) < len(of_all)
        frozen = of_all.keys() - found.keys()
        assert all(any(name in one for name in names) for one in frozen), frozen
        for name, gradient in found.items():
            torch.testing.assert_close(gradient, of_all[name], rtol=1e-4, atol=2e-6)


def test_layers_are_frozen_by_number(tmp_path: Path) -> None:
    model = build("t5", tmp_path)
    freeze_parts(model, ["encoder.layers.0", "decoder.layers.0-1"])
    frozen = [name for name, p in model.named_parameters() if not p.requires_grad]
    places = {name.rpartition(".layer.")[0] for name in frozen}
    assert places == {"encoder.block.0", "decoder.block.0", "decoder.block.1"}
    with pytest.raises(T5TuneError, match="the layers of this model's encoder are 0 to 1"):
        freeze_parts(model, ["encoder.layers.0-8"])


def test_what_cannot_have_an_adapter_is_named(tmp_path: Path) -> None:
    model = build("t5", tmp_path)
    for target, reason in (("qq", "has no layer qq"), ("lm_head", "cannot have an adapter on")):
        with pytest.raises(T5TuneError, match=f"model.adapter.targets: t5 {reason}"):
            add_adapter(model, AdapterSection(targets=["q", target]), seed=1)


def test_an_average_that_is_chosen_becomes_adapter_and_model(tmp_path: Path) -> None:
    model = build("t5", tmp_path)
    add_adapter(model, AdapterSection(r=2), seed=1)
    save_trained(model, tmp_path)
    averaged = {name: torch.full_like(t, 0.5) for name, t in trained_tensors(model).items()}
    name, before = next((n, t.clone()) for n, t in model.state_dict().items() if "q.base" in n)
    run = RunDirectory(tmp_path)
    section = ModelSection(name="a/b", adapter=AdapterSection(r=2))
    chosen = ChosenWeights(tmp_path, "an average", averaged)
    save_with_adapter(run, section, chosen, model, run.model, {})
    kept = load_file(run.adapter / "adapter_model.safetensors")
    assert len(kept) == len(averaged)
    assert all(torch.all(tensor == 0.5) for tensor in kept.values())
    # alpha / r is 2, and each element of the product of rank 2 is 2 * 0.5 * 0.5.
    merged = load_file(run.model / "model.safetensors")[name.replace("base_layer.", "")]
    torch.testing.assert_close(merged, before + 1.0)
