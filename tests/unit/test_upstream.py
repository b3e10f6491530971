"""Test that members of other libraries which t5tune uses without a promise still exist.

This file names all of them. When an upgrade takes one away or changes its parameters, the test
with its name fails; a second test finds those that are used and not named here.
"""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from functools import reduce
from typing import Any

import pytest

from t5tune.training.trainer import T5TuneTrainer
from tests.conftest import REPOSITORY

TRAINER = "transformers.Seq2SeqTrainer"
HTTPTOOLS = "uvicorn.protocols.http.httptools_impl.HttpToolsProtocol"
SACREBLEU = "sacrebleu.metrics.base.Metric"

# Methods and functions that are overridden or called, with their parameters.
CALLED: dict[str, tuple[str, ...]] = {
    f"{TRAINER}._clip_grad_norm": ("self", "model"),
    f"{TRAINER}._determine_best_metric": ("self", "metrics", "trial"),
    f"{TRAINER}._get_grad_norm": ("self", "model", "grad_norm"),
    f"{TRAINER}._load_callback_state": ("self",),
    f"{TRAINER}._load_from_checkpoint": ("self", "resume_from_checkpoint", "model"),
    f"{TRAINER}._load_optimizer_and_scheduler": ("self", "checkpoint"),
    f"{TRAINER}._load_rng_state": ("self", "checkpoint"),
    f"{TRAINER}._move_model_to_device": ("self", "model", "device"),
    f"{TRAINER}._prepare_inputs": ("self", "inputs"),
    f"{TRAINER}._save_checkpoint": ("self", "model", "trial"),
    f"{TRAINER}._save_rng_state": ("self", "output_dir"),
    f"{TRAINER}._sync_replicated_trainable_parameters": ("self", "model"),
    "transformers.GenerationConfig._get_default_generation_params": (),
    "transformers.models.marian.modeling_marian.MarianSinusoidalPositionalEmbedding"
    ".create_weight": ("self",),
    "transformers.models.pegasus.modeling_pegasus.PegasusSinusoidalPositionalEmbedding"
    ".create_weight": ("self",),
    "transformers.trainer_pt_utils.safe_globals": (),
    "transformers.modeling_utils.remove_tied_weights_from_state_dict": ("state_dict", "model"),
    "accelerate.utils.memory.should_reduce_batch_size": ("exception",),
    "huggingface_hub.utils._http.hf_request_event_hook": ("request",),
    "uvicorn.protocols.http.h11_impl.H11Protocol.__init__": (
        "self",
        "config",
        "server_state",
        "app_state",
        "_loop",
    ),
    f"{HTTPTOOLS}._should_upgrade": ("self",),
    f"{HTTPTOOLS}._unset_keepalive_if_required": ("self",),
    f"{HTTPTOOLS}.data_received": ("self", "data"),
    f"{HTTPTOOLS}.on_body": ("self", "body"),
    f"{HTTPTOOLS}.on_message_begin": ("self",),
    f"{HTTPTOOLS}.on_message_complete": ("self",),
    f"{HTTPTOOLS}.send_400_response": ("self", "msg"),
    f"{SACREBLEU}._aggregate_and_compute": ("self", "stats"),
    f"{SACREBLEU}._compute_score_from_stats": ("self", "stats"),
    f"{SACREBLEU}._compute_segment_statistics": ("self", "hypothesis", "ref_kwargs"),
    f"{SACREBLEU}._extract_reference_info": ("self", "refs"),
    f"{SACREBLEU}._preprocess_segment": ("self", "sent"),
    "ctranslate2.converters.TransformersConverter._load": ("self",),
    "deepspeed.runtime.engine.DeepSpeedEngine.get_global_grad_norm": ("self",),
    "deepspeed.runtime.engine.DeepSpeedEngine.set_gradient_accumulation_boundary": (
        "self",
        "is_boundary",
    ),
    "deepspeed.runtime.zero.stage_1_and_2.DeepSpeedZeroOptimizer"
    "._lazy_init_hp_params_optimizer_state": ("self",),
}

# Classes, constants and built-in functions, whose parameters cannot be read.
NAMED = (
    "huggingface_hub.utils._http",
    "transformers.trainer.OPTIMIZER_NAME",
    "transformers.trainer.SCHEDULER_NAME",
    "transformers.trainer.TRAINER_STATE_NAME",
    "transformers.trainer_callback.ExportableState",
    "transformers.integrations.integration_utils.INTEGRATION_TO_CALLBACK",
    "transformers.PreTrainedConfig._attn_implementation",
    "ctranslate2.converters.transformers.MarianMTLoader",
    "ctranslate2.converters.transformers._MODEL_LOADERS",
    "torch._foreach_lerp_",
    "torch._foreach_mul_",
    "torch._foreach_norm",
    "torch._foreach_sub_",
    "torch._softmax_backward_data",
    "torch.nn.Module._compiled_call_impl",
)

ZERO_2 = "deepspeed.runtime.zero.stage_1_and_2.DeepSpeedZeroOptimizer"
ZERO_PARAMETERS = "deepspeed.runtime.zero.partition_parameters"

# Attributes that are set at construction: the function that sets them must mention them.
ATTRIBUTES: tuple[tuple[str, str], ...] = (
    ("transformers.Trainer", "is_distributed_loading_by_transformers"),
    ("transformers.Trainer", "loss_is_scaled_for_ga"),
    ("transformers.TrainingArguments", "_n_gpu"),
    (SACREBLEU, "num_refs"),
    ("sacrebleu.metrics.bleu.BLEU", "tokenizer_signature"),
    ("ctranslate2.specs.model_spec.SequenceToSequenceModelSpec", "_vocabularies"),
    ("deepspeed.utils.mixed_precision_linkage", "_hp_mapping"),
    (ZERO_2, "_hp_optimizer_states_linked"),
    (ZERO_2, "single_partition_of_fp32_groups"),
    ("deepspeed.runtime.zero.stage3", "fp32_partitioned_groups_flat"),
    (ZERO_PARAMETERS, "ds_id"),
    (ZERO_PARAMETERS, "ds_numel"),
    (ZERO_PARAMETERS, "ds_tensor"),
)

# hashlib's type, os._exit, and public methods of named tuples
STANDARD_LIBRARY = {"_Hash", "_exit", "_asdict", "_replace"}


def find(path: str) -> Any:
    """Return a module, or a member of one, by its path."""
    pytest.importorskip(path.partition(".")[0], reason="an extra that is not installed")
    parts = path.split(".")
    for end in range(len(parts), 0, -1):
        try:
            module = importlib.import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        return reduce(getattr, parts[end:], module)
    raise AssertionError(path)


@pytest.mark.parametrize("path", CALLED)
def test_a_private_function_has_the_parameters_that_it_had(path: str) -> None:
    assert tuple(inspect.signature(find(path)).parameters) == CALLED[path]


@pytest.mark.parametrize("path", NAMED)
def test_a_private_name_is_there(path: str) -> None:
    assert find(path) is not None or path.endswith("_compiled_call_impl")


@pytest.mark.parametrize(("owner", "name"), ATTRIBUTES)
def test_an_attribute_is_still_spoken_of(owner: str, name: str) -> None:
    assert name in inspect.getsource(find(owner))


def listed() -> set[str]:
    return {path.rpartition(".")[2] for path in (*CALLED, *NAMED)} | {n for _, n in ATTRIBUTES}


def test_every_private_member_that_the_trainer_overrides_is_listed() -> None:
    (library,) = T5TuneTrainer.__bases__
    ours = {name for name in vars(T5TuneTrainer) if not name.startswith("__")}
    overridden = {name for name in ours if name.startswith("_") and hasattr(library, name)}
    assert len(overridden) >= 8
    assert overridden <= listed()


def test_every_private_member_of_a_library_that_is_used_is_listed() -> None:
    trees = [
        ast.parse(path.read_text(encoding="utf-8"))
        for path in (REPOSITORY / "t5tune").rglob("*.py")
    ]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    ours = {name for node in nodes for name in defined(node)}
    theirs = {name for node in nodes for name in private_names(node)} - ours - STANDARD_LIBRARY
    assert len(theirs) >= 15
    assert theirs <= listed()


def defined(node: ast.AST) -> Iterator[str]:
    """Yield the names that t5tune itself defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
            yield node.attr


def private_names(node: ast.AST) -> Iterator[str]:
    """Yield the names with an underscore that are read, set or imported."""
    names: list[str] = []
    if isinstance(node, ast.Attribute):
        names = [node.attr]
    elif isinstance(node, ast.ImportFrom):
        names = [*(node.module or "").split("."), *(alias.name for alias in node.names)]
    yield from (name for name in names if name.startswith("_") and not name.startswith("__"))
