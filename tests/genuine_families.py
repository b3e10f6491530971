"""Define each family as one of its models is published: configuration, generation, tokenizer.

The fields of `config.json` and `generation_config.json` are those of the model on the hub. Widths
and numbers of layers are tiny, the vocabulary is that of a tokenizer trained here, and weights are
random; which tensors their file holds, and under which names, is as there.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
import transformers as hf
from safetensors.torch import save

from tests import genuine_tokenizers as kinds
from tests.genuine_tokenizers import Files, to_json

Settings = dict[str, Any]


@dataclass(frozen=True)
class GenuineFamily:
    """A published model.

    Attributes:
        model: Its name on the hub.
        config: Its configuration; `vocab_size` is the number of rows beyond the tokens.
        tokenizer: What makes the files of its tokenizer.
        generation: Its generation configuration; None if it has none.
        weights: What its weights are stored in.
        stored: Names of the tensors as stored, by the library's; those that it leaves out are not.
        own_output_layer: Whether an output layer is stored that differs from the embeddings.
        dtype: Precision of the stored weights.
        first: First token of a generated text; None where the model chooses it.
        start: Token that the decoder starts from, where the target language decides it.
        languages: Codes of source and target in the tokenizer, where it has any.
        positions: Longest sequence; None where positions are relative, or computed as needed.
        prefix: Text before every source for English to German.
        can_pack: Whether examples can share a row.
        exports: Whether CTranslate2 can convert it.
    """

    model: str
    config: Settings
    tokenizer: Callable[[], Files]
    generation: Settings | None
    weights: Literal["safetensors", "pickled"] = "safetensors"
    stored: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]] = dict
    own_output_layer: bool = False
    dtype: torch.dtype = torch.float32
    first: str | None = None
    start: str | None = None
    languages: tuple[str, str] | None = None
    positions: int | None = None
    can_pack: bool = False
    prefix: str = ""
    exports: bool = True

    def files(self) -> Files:
        """Return the files of its repository, always the same."""
        files = self.tokenizer()
        files["config.json"] = to_json({"model_type": self.config["model_type"]})
        num_tokens = len(kinds.load(files))
        config = _number(self.config, num_tokens)
        files["config.json"] = to_json(config)
        if self.generation is not None:
            files["generation_config.json"] = to_json(_number(self.generation, num_tokens))
        tensors = self._tensors(config)
        if self.weights == "safetensors":
            files["model.safetensors"] = save(tensors, metadata={"format": "pt"})
        else:
            stream = io.BytesIO()
            torch.save(tensors, stream)
            files["pytorch_model.bin"] = stream.getvalue()
        return {**files, "README.md": b"---\nlicense: apache-2.0\n---\n# A tiny model\n"}

    def _tensors(self, config: Settings) -> dict[str, torch.Tensor]:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(5)
            model = hf.AutoModelForSeq2SeqLM.from_config(hf.AutoConfig.for_model(**config))
            for name, parameter in model.named_parameters():
                # Outputs that differ from source to source; positions of Marian are computed.
                if parameter.dim() > 1 and parameter.requires_grad:
                    is_embedding = "embed_tokens" in name or "shared" in name
                    torch.nn.init.normal_(parameter, std=0.3 if is_embedding else 0.7)
            tensors = dict(model.state_dict())
            if self.own_output_layer:
                tensors["lm_head.weight"] = torch.randn_like(tensors["lm_head.weight"])
        tensors = self.stored(tensors)
        if self.weights == "safetensors":  # which hold a tied tensor once
            first = {tensor.data_ptr(): name for name, tensor in reversed(tensors.items())}
            tensors = {name: tensors[name] for name in tensors if name in first.values()}
        return {name: tensor.to(self.dtype).clone() for name, tensor in tensors.items()}


def write_files(files: Files, folder: Path) -> None:
    """Write a repository as a directory."""
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)


LAST = "the last token"  # stands for its id: Marian's padding


def rows(beyond: int) -> str:
    """Stand for the number of rows of the embeddings, some of which belong to no token."""
    return f"rows {beyond}"


def _number(value: Any, num_tokens: int) -> Any:
    """Replace what stands for ids and counts."""
    if isinstance(value, dict):
        return {key: _number(one, num_tokens) for key, one in value.items()}
    if isinstance(value, list):
        return [_number(one, num_tokens) for one in value]
    if value == LAST:
        return num_tokens - 1
    if isinstance(value, str) and value.startswith("rows "):
        return num_tokens + int(value.removeprefix("rows "))
    return value


# google-t5/t5-small, and what later checkpoints have beside it.
_T5: Settings = {
    "architectures": ["T5ForConditionalGeneration"], "d_ff": 32, "d_kv": 8, "d_model": 16,
    "decoder_start_token_id": 0, "dropout_rate": 0.1, "eos_token_id": 1, "initializer_factor": 1.0,
    "is_encoder_decoder": True, "layer_norm_epsilon": 1e-06, "model_type": "t5", "num_heads": 2,
    "num_layers": 1, "output_past": True, "pad_token_id": 0, "relative_attention_num_buckets": 32,
    "vocab_size": rows(28),
}  # fmt: skip
_T5_TASKS: Settings = {
    "summarization": {
        "early_stopping": True, "length_penalty": 2.0, "max_length": 200, "min_length": 30,
        "no_repeat_ngram_size": 3, "num_beams": 4, "prefix": "summarize: ",
    },
    **{
        f"translation_en_to_{code}": {
            "early_stopping": True, "max_length": 300, "num_beams": 4,
            "prefix": f"translate English to {name}: ",
        }
        for code, name in {"de": "German", "fr": "French", "ro": "Romanian"}.items()
    },
}  # fmt: skip
_V1_1: Settings = {
    **_T5, "feed_forward_proj": "gated-gelu", "num_decoder_layers": 1, "tie_word_embeddings": False,
}  # fmt: skip
_OF_T5 = {
    "_from_model_config": True, "decoder_start_token_id": 0, "eos_token_id": 1, "pad_token_id": 0,
    "transformers_version": "4.27.0.dev0",
}  # fmt: skip
_MT5: Settings = {
    **_V1_1, "architectures": ["MT5ForConditionalGeneration"], "model_type": "mt5",
    "_name_or_path": "/home/patrick/t5/mt5-small", "d_kv": 8, "num_heads": 3,
    "tokenizer_class": "T5Tokenizer", "vocab_size": rows(12),
}  # fmt: skip


def _with_a_bias_of_mesh_tensorflow(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    unused = "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight"
    return {**tensors, unused: torch.zeros(32, 2)}


def _only_shared(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Store the embeddings once and no output layer, as LongT5 does."""
    copies = {"encoder.embed_tokens.weight", "decoder.embed_tokens.weight", "lm_head.weight"}
    return {name: tensor for name, tensor in tensors.items() if name not in copies}


def _without_shared(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Store the embeddings as the decoder's, as MADLAD-400 does."""
    copies = {"encoder.embed_tokens.weight", "shared.weight"}
    return {name: tensor for name, tensor in tensors.items() if name not in copies}


def _without_head(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Store a `BartModel`, as bart-base and bart-large do."""
    inner = {n.removeprefix("model."): t for n, t in tensors.items() if n.startswith("model.")}
    return inner


# The families of fairseq and Marian.
_LAYERS: Settings = {
    "d_model": 16, "decoder_attention_heads": 2, "decoder_ffn_dim": 32, "decoder_layers": 1,
    "encoder_attention_heads": 2, "encoder_ffn_dim": 32, "encoder_layers": 1,
    "is_encoder_decoder": True, "num_hidden_layers": 1, "init_std": 0.02, "use_cache": True,
}  # fmt: skip
_LABELS: Settings = {
    "id2label": {"0": "LABEL_0", "1": "LABEL_1", "2": "LABEL_2"},
    "label2id": {"LABEL_0": 0, "LABEL_1": 1, "LABEL_2": 2},
}
_BART: Settings = {
    **_LAYERS, **_LABELS, "architectures": ["BartModel"], "model_type": "bart",
    "activation_dropout": 0.1, "activation_function": "gelu", "add_bias_logits": False,
    "add_final_layer_norm": False, "attention_dropout": 0.1, "bos_token_id": 0,
    "classif_dropout": 0.1, "classifier_dropout": 0.0, "decoder_layerdrop": 0.0,
    "decoder_start_token_id": 2, "dropout": 0.1, "early_stopping": True, "encoder_layerdrop": 0.0,
    "eos_token_id": 2, "forced_bos_token_id": 0, "forced_eos_token_id": 2,
    "gradient_checkpointing": False, "max_position_embeddings": 64, "no_repeat_ngram_size": 3,
    "normalize_before": False, "normalize_embedding": True, "num_beams": 4, "pad_token_id": 1,
    "scale_embedding": False, "torch_dtype": "float32", "transformers_version": "4.12.0.dev0",
    "task_specific_params": {
        "summarization": {"length_penalty": 1.0, "max_length": 128, "min_length": 12,
                          "num_beams": 4},
        "summarization_cnn": {"length_penalty": 2.0, "max_length": 142, "min_length": 56,
                              "num_beams": 4},
    },
    "vocab_size": rows(0),
}  # fmt: skip
_LED: Settings = {
    **_LAYERS, **_LABELS, "architectures": ["LEDForConditionalGeneration"], "model_type": "led",
    "_name_or_path": "./", "_num_labels": 3, "activation_dropout": 0.0,
    "activation_function": "gelu", "attention_dropout": 0.0, "attention_window": [16],
    "bos_token_id": 0, "classif_dropout": 0.0, "classifier_dropout": 0.0, "decoder_layerdrop": 0.0,
    "decoder_start_token_id": 2, "dropout": 0.1, "encoder_layerdrop": 0.0, "eos_token_id": 2,
    "max_decoder_position_embeddings": 48, "max_encoder_position_embeddings": 64,
    "pad_token_id": 1, "vocab_size": rows(0),
}  # fmt: skip
_BLENDERBOT: Settings = {
    **_LAYERS, **_LABELS, "architectures": ["BlenderbotForConditionalGeneration"],
    "model_type": "blenderbot", "activation_dropout": 0.0, "activation_function": "gelu",
    "add_bias_logits": False, "add_final_layer_norm": True, "attention_dropout": 0.0,
    "bos_token_id": 1, "classif_dropout": 0.0, "classifier_dropout": 0.0, "decoder_layerdrop": 0.0,
    "decoder_start_token_id": 1, "do_blenderbot_90_layernorm": True, "dropout": 0.1,
    "encoder_layerdrop": 0.0, "encoder_no_repeat_ngram_size": 3, "eos_token_id": 2,
    "extra_layer_norm": False, "extra_pos_embeddings": 0,
    "force_bos_token_to_be_generated": False, "forced_eos_token_id": 2,
    "layernorm_variant": "prelayernorm", "length_penalty": 0.65, "max_length": 60,
    "max_position_embeddings": 64, "min_length": 20, "no_repeat_ngram_size": 3,
    "normalize_before": True, "normalize_embedding": False, "num_beams": 10, "pad_token_id": 0,
    "scale_embedding": True, "static_position_embeddings": False, "unk_token_id": 3,
    "vocab_size": rows(0),
}  # fmt: skip
_MBART50: Settings = {
    **_LAYERS, **_LABELS, "architectures": ["MBartForConditionalGeneration"],
    "model_type": "mbart", "_num_labels": 3, "activation_dropout": 0.0,
    "activation_function": "relu", "add_bias_logits": False, "add_final_layer_norm": True,
    "attention_dropout": 0.0, "bos_token_id": 0, "classif_dropout": 0.0, "classifier_dropout": 0.0,
    "decoder_layerdrop": 0.0, "decoder_start_token_id": 2, "dropout": 0.1, "early_stopping": True,
    "encoder_layerdrop": 0.0, "eos_token_id": 2, "forced_eos_token_id": 2,
    "gradient_checkpointing": False, "max_length": 200, "max_position_embeddings": 64,
    "normalize_before": True, "normalize_embedding": True, "num_beams": 5, "output_past": True,
    "pad_token_id": 1, "scale_embedding": True, "static_position_embeddings": False,
    "tokenizer_class": "MBart50Tokenizer", "torch_dtype": "float32", "vocab_size": rows(0),
}  # fmt: skip
_PEGASUS: Settings = {
    **_LAYERS, **_LABELS, "architectures": ["PegasusForConditionalGeneration"],
    "model_type": "pegasus", "activation_dropout": 0.1, "activation_function": "relu",
    "add_bias_logits": False, "add_final_layer_norm": True, "attention_dropout": 0.1,
    "bos_token_id": 0, "classif_dropout": 0.0, "classifier_dropout": 0.0, "decoder_layerdrop": 0.0,
    "decoder_start_token_id": 0, "dropout": 0.1, "encoder_layerdrop": 0.0, "eos_token_id": 1,
    "extra_pos_embeddings": 0, "force_bos_token_to_be_generated": False, "forced_eos_token_id": 1,
    "gradient_checkpointing": False, "length_penalty": 0.6, "max_length": 64,
    "max_position_embeddings": 64, "normalize_before": True, "normalize_embedding": False,
    "num_beams": 8, "pad_token_id": 0, "scale_embedding": True, "static_position_embeddings": True,
    "task_specific_params": {
        "summarization_xsum": {"length_penalty": 0.6, "max_length": 64,
                               "max_position_embeddings": 512, "num_beams": 8},
    },
    "vocab_size": rows(0),
}  # fmt: skip
_PEGASUS_X: Settings = {
    **_LAYERS, **_LABELS, "architectures": ["PegasusXForConditionalGeneration"],
    "model_type": "pegasus_x", "activation_dropout": 0.1, "activation_function": "relu",
    "attention_dropout": 0.1, "block_size": 8, "bos_token_id": 0, "classifier_dropout": 0.0,
    "decoder_layerdrop": 0.0, "decoder_start_token_id": 0, "dropout": 0.1,
    "encoder_layerdrop": 0.0, "eos_token_id": 1, "forced_eos_token_id": 1,
    "gradient_checkpointing": False, "length_penalty": 0.8, "max_length": 16384,
    "max_position_embeddings": 16384, "num_beams": 8, "num_global_tokens": 4, "pad_token_id": 0,
    "scale_embedding": True, "stagger_local_blocks": True, "static_position_embeddings": True,
    "torch_dtype": "float32", "vocab_size": rows(0),
}  # fmt: skip
_SWITCH: Settings = {
    **_T5, "architectures": ["SwitchTransformersForConditionalGeneration"],
    "model_type": "switch_transformers", "add_router_probs": False, "decoder_sparse_step": 2,
    "dense_act_fn": "relu", "encoder_sparse_step": 2, "expert_capacity": 64,
    "feed_forward_proj": "relu", "is_gated_act": False, "num_decoder_layers": 2, "num_experts": 4,
    "num_layers": 2, "num_sparse_decoder_layers": 1, "num_sparse_encoder_layers": 1,
    "relative_attention_max_distance": 128, "router_aux_loss_coef": 0.001, "router_bias": False,
    "router_dtype": "float32", "router_ignore_padding_tokens": False,
    "router_jitter_noise": 0.01, "router_type": "tokens_masked", "router_z_loss_coef": 0.001,
    "torch_dtype": "float32", "use_cache": True,
}  # fmt: skip
_MARIAN: Settings = {
    **_LAYERS, **_LABELS, "architectures": ["MarianMTModel"], "model_type": "marian",
    "_name_or_path": "/tmp/Helsinki-NLP/opus-mt-en-de", "_num_labels": 3, "activation_dropout": 0.0,
    "activation_function": "swish", "add_bias_logits": False, "add_final_layer_norm": False,
    "attention_dropout": 0.0, "bad_words_ids": [[LAST]], "bos_token_id": 0, "classif_dropout": 0.0,
    "classifier_dropout": 0.0, "decoder_layerdrop": 0.0, "decoder_start_token_id": LAST,
    "decoder_vocab_size": rows(0), "dropout": 0.1, "encoder_layerdrop": 0.0, "eos_token_id": 0,
    "forced_eos_token_id": 0, "max_length": 512, "max_position_embeddings": 64,
    "normalize_before": False, "normalize_embedding": False, "num_beams": 6, "pad_token_id": LAST,
    "scale_embedding": True, "share_encoder_decoder_embeddings": True,
    "static_position_embeddings": True, "torch_dtype": "float16",
    "transformers_version": "4.22.0.dev0", "vocab_size": rows(0),
}  # fmt: skip
_OF_MARIAN: Settings = {
    "bad_words_ids": [[LAST]], "bos_token_id": 0, "decoder_start_token_id": LAST,
    "eos_token_id": 0, "forced_eos_token_id": 0, "max_length": 512, "num_beams": 6,
    "pad_token_id": LAST, "renormalize_logits": True,
}  # fmt: skip
_M2M100: Settings = {
    **_LAYERS, "architectures": ["M2M100ForConditionalGeneration"], "model_type": "m2m_100",
    "activation_dropout": 0.0, "activation_function": "relu", "attention_dropout": 0.1,
    "bos_token_id": 0, "decoder_layerdrop": 0.05, "decoder_start_token_id": 2, "dropout": 0.1,
    "early_stopping": True, "encoder_layerdrop": 0.05, "eos_token_id": 2,
    "gradient_checkpointing": False, "max_length": 200, "max_position_embeddings": 64,
    "num_beams": 5, "pad_token_id": 1, "scale_embedding": True, "vocab_size": rows(8),
}  # fmt: skip
_OF_M2M100: Settings = {
    "_from_model_config": True, "bos_token_id": 0, "decoder_start_token_id": 2,
    "early_stopping": True, "eos_token_id": 2, "max_length": 200, "num_beams": 5, "pad_token_id": 1,
}  # fmt: skip

_GEMMA_SIDE: Settings = {
    "attention_bias": False, "attention_dropout": 0.0, "attn_logit_softcapping": 50.0,
    "classifier_dropout_rate": 0.0, "dropout_rate": 0.0, "final_logit_softcapping": 30.0,
    "head_dim": 8, "hidden_activation": "gelu_pytorch_tanh", "hidden_size": 16,
    "initializer_range": 0.02, "intermediate_size": 32,
    "layer_types": ["sliding_attention", "full_attention"], "max_position_embeddings": 8192,
    "model_type": "t5_gemma_module", "num_attention_heads": 2, "num_hidden_layers": 2,
    "num_key_value_heads": 2, "query_pre_attn_scalar": 8, "rms_norm_eps": 1e-06,
    "rope_theta": 10000.0, "sliding_window": 4096, "use_cache": True, "vocab_size": rows(0),
}  # fmt: skip
_T5GEMMA: Settings = {
    "architectures": ["T5GemmaForConditionalGeneration"], "attention_dropout": 0.0,
    "bos_token_id": 2, "classifier_dropout_rate": 0.0,
    "decoder": {**_GEMMA_SIDE, "cross_attention_hidden_size": 16, "is_decoder": True},
    "dropout_rate": 0.0, "encoder": _GEMMA_SIDE, "eos_token_id": [1, 107],
    "initializer_range": 0.02, "is_encoder_decoder": True, "model_type": "t5gemma",
    "pad_token_id": 0, "torch_dtype": "bfloat16", "use_cache": True, "vocab_size": rows(0),
}  # fmt: skip
_GEMMA_3_SIDE: Settings = {
    **{key: value for key, value in _GEMMA_SIDE.items() if key not in ("rope_theta", "model_type")},
    "attn_logit_softcapping": None, "final_logit_softcapping": None,
    "max_position_embeddings": 131072, "sliding_window": 512,
}  # fmt: skip
_T5GEMMA_2: Settings = {
    "architectures": ["T5Gemma2ForConditionalGeneration"], "attention_dropout": 0.0,
    "bos_token_id": 2, "classifier_dropout_rate": 0.0,
    "decoder": {**_GEMMA_3_SIDE, "model_type": "t5gemma2_decoder"}, "dropout_rate": 0.0,
    "encoder": {
        "model_type": "t5gemma2_encoder", "mm_tokens_per_image": 4, "boi_token_index": 105,
        "eoi_token_index": 104, "image_token_index": 103,
        "text_config": {**_GEMMA_3_SIDE, "model_type": "t5gemma2_text"},
        "vision_config": {
            "model_type": "siglip_vision_model", "hidden_size": 16, "image_size": 28,
            "intermediate_size": 32, "num_attention_heads": 2, "num_hidden_layers": 1,
            "patch_size": 14, "vision_use_head": False,
        },
    },
    "eoi_token_index": 104, "eos_token_id": 1, "image_token_index": 103,
    "initializer_range": 0.02, "is_encoder_decoder": True, "model_type": "t5gemma2",
    "pad_token_id": 0, "tie_word_embeddings": True, "dtype": "bfloat16", "vocab_size": rows(0),
}  # fmt: skip

FAMILIES: dict[str, GenuineFamily] = {
    "T5": GenuineFamily(
        "google-t5/t5-small", {**_T5, "n_positions": 512, "task_specific_params": _T5_TASKS},
        kinds.t5_tokenizer, _OF_T5, stored=_with_a_bias_of_mesh_tensorflow, can_pack=True,
        prefix=_T5_TASKS["translation_en_to_de"]["prefix"],
    ),
    "T5 1.1": GenuineFamily(
        "google/t5-v1_1-base", _V1_1, kinds.t5_tokenizer, _OF_T5, "pickled",
        own_output_layer=True, can_pack=True, prefix="translate English to German: ",
    ),
    "Flan-T5": GenuineFamily(
        "google/flan-t5-base",
        {**_V1_1, "n_positions": 512, "relative_attention_max_distance": 128,
         "task_specific_params": _T5_TASKS, "use_cache": True},
        kinds.t5_tokenizer, _OF_T5, own_output_layer=True, can_pack=True,
        prefix="translate English to German: ",
    ),
    "mT5": GenuineFamily(
        "google/mt5-small", _MT5, lambda: kinds.t5_tokenizer(0), _OF_T5, "pickled",
        own_output_layer=True, can_pack=True,
    ),
    "UMT5": GenuineFamily(
        "google/umt5-small",
        {**_MT5, "architectures": ["UMT5ForConditionalGeneration"], "model_type": "umt5",
         "classifier_dropout": 0.0, "dense_act_fn": "gelu_new", "is_gated_act": True,
         "relative_attention_max_distance": 128, "scalable_attention": True,
         "vocab_size": rows(84)},
        lambda: kinds.with_tokenizer_json(kinds.t5_tokenizer(300)), _OF_T5,
        own_output_layer=True, can_pack=True,
    ),
    "ByT5": GenuineFamily(
        "google/byt5-small",
        {**_V1_1, "_name_or_path": "/home/patrick/t5/byt5-small", "gradient_checkpointing": False,
         "num_layers": 3, "tokenizer_class": "ByT5Tokenizer", "vocab_size": rows(0)},
        kinds.byte_tokenizer, _OF_T5, "pickled", own_output_layer=True, can_pack=True,
    ),
    "MADLAD-400": GenuineFamily(
        "google/madlad400-3b-mt",
        {**_V1_1, "dense_act_fn": "gelu_new", "eos_token_id": 2, "is_gated_act": True,
         "pad_token_id": 1, "relative_attention_max_distance": 128,
         "tokenizer_class": "T5Tokenizer", "use_cache": True, "vocab_size": rows(0)},
        kinds.madlad_tokenizer, {"decoder_start_token_id": 0, "eos_token_id": 2,
                                 "pad_token_id": 1},
        stored=_without_shared, own_output_layer=True, can_pack=True, prefix="<2de> ",
    ),
    "LongT5": GenuineFamily(
        "google/long-t5-tglobal-base",
        {**_V1_1, "architectures": ["LongT5ForConditionalGeneration"], "model_type": "longt5",
         "encoder_attention_type": "transient-global", "global_block_size": 16,
         "local_radius": 127, "n_positions": 4096, "relative_attention_max_distance": 128},
        kinds.t5_tokenizer, _OF_T5, "pickled", stored=_only_shared,
        exports=False,
    ),
    "Switch Transformers": GenuineFamily(
        "google/switch-base-8", _SWITCH, kinds.t5_tokenizer, _OF_T5, "pickled", exports=False,
    ),
    "T5Gemma": GenuineFamily(
        "google/t5gemma-s-s-prefixlm", _T5GEMMA, kinds.gemma_tokenizer,
        {"_from_model_config": True, "bos_token_id": 2, "eos_token_id": [1, 107],
         "pad_token_id": 0},
        dtype=torch.bfloat16,
    ),
    "T5Gemma 2": GenuineFamily(
        "google/t5gemma-2-270m-270m", _T5GEMMA_2, kinds.gemma_tokenizer,
        {"bos_token_id": 2, "eos_token_id": 1, "pad_token_id": 0, "do_sample": True, "top_k": 64,
         "top_p": 0.95, "cache_implementation": "hybrid"},
        dtype=torch.bfloat16,
    ),
    "BART": GenuineFamily(
        "facebook/bart-base", _BART, kinds.bart_tokenizer, None, stored=_without_head,
        first="<s>", positions=64,
    ),
    "LED": GenuineFamily(
        "allenai/led-base-16384", _LED, kinds.bart_tokenizer, None, "pickled", positions=64,
        exports=False,
    ),
    "Blenderbot": GenuineFamily(
        "facebook/blenderbot-400M-distill", _BLENDERBOT, kinds.blenderbot_tokenizer, None,
        "pickled", positions=64, exports=False,
    ),
    "another family": GenuineFamily(
        "RUCAIBox/mvp", {**_BART, "architectures": ["MvpForConditionalGeneration"],
                         "model_type": "mvp", "use_prompt": False},
        kinds.bart_tokenizer, None, first="<s>", positions=64,
        exports=False,
    ),
    "mBART-50": GenuineFamily(
        "facebook/mbart-large-50-many-to-many-mmt", _MBART50,
        lambda: kinds.mbart_tokenizer("MBart50Tokenizer", src_lang=None, tgt_lang=None,
                                      language_codes="mbart50"),
        {"_from_model_config": True, "bos_token_id": 0, "decoder_start_token_id": 2,
         "early_stopping": True, "eos_token_id": 2, "forced_eos_token_id": 2, "max_length": 200,
         "num_beams": 5, "pad_token_id": 1},
        "pickled", first="de_DE", languages=("en_XX", "de_DE"), positions=64,
    ),
    "mBART": GenuineFamily(
        "facebook/mbart-large-cc25",
        {**{key: value for key, value in _MBART50.items()
            if key not in ("decoder_start_token_id", "early_stopping", "tokenizer_class")},
         "activation_function": "gelu", "max_length": 1024,
         "task_specific_params": {"translation_en_to_ro": {"decoder_start_token_id": LAST}}},
        lambda: kinds.with_tokenizer_json(kinds.mbart_tokenizer("MBartTokenizer")), None,
        start="de_DE", languages=("en_XX", "de_DE"), positions=64,
    ),
    "Pegasus": GenuineFamily(
        "google/pegasus-xsum", _PEGASUS, kinds.pegasus_tokenizer,
        {"bos_token_id": 0, "decoder_start_token_id": 0, "eos_token_id": 1,
         "forced_eos_token_id": 1, "length_penalty": 0.6, "max_length": 64, "num_beams": 8,
         "pad_token_id": 0},
        "pickled", positions=64,
    ),
    "Pegasus-X": GenuineFamily(
        "google/pegasus-x-base", _PEGASUS_X,
        lambda: kinds.with_tokenizer_json(kinds.pegasus_tokenizer()), None, "pickled",
        exports=False,
    ),
    "Marian": GenuineFamily(
        "Helsinki-NLP/opus-mt-en-de", _MARIAN, kinds.marian_tokenizer, _OF_MARIAN, "pickled",
        dtype=torch.float16, positions=64,
    ),
    "Marian, several targets": GenuineFamily(
        "Helsinki-NLP/opus-mt-en-gmw", _MARIAN,
        lambda: kinds.marian_tokenizer(">>deu<<", ">>nld<<"), _OF_MARIAN, dtype=torch.float16,
        positions=64, prefix=">>deu<< ",
    ),
    "Marian, two vocabularies": GenuineFamily(
        "hf-internal-testing/test-marian-two-vocabs",
        {**_MARIAN, "share_encoder_decoder_embeddings": False},
        lambda: kinds.marian_tokenizer(separate_vocabs=True), _OF_MARIAN, positions=64,
    ),
    "M2M100": GenuineFamily(
        "facebook/m2m100_418M", _M2M100, kinds.m2m100_tokenizer, _OF_M2M100, "pickled",
        first="__de__", languages=("en", "de"),
    ),
    "NLLB": GenuineFamily(
        "facebook/nllb-200-distilled-600M",
        {**_M2M100, "decoder_layerdrop": 0, "encoder_layerdrop": 0, "num_beams": 1,
         "tokenizer_class": "NllbTokenizer", "vocab_size": rows(2)},
        kinds.nllb_tokenizer,
        {"_from_model_config": True, "bos_token_id": 0, "decoder_start_token_id": 2,
         "eos_token_id": 2, "max_length": 200, "pad_token_id": 1},
        "pickled", first="deu_Latn", languages=("eng_Latn", "deu_Latn"),
    ),
}  # fmt: skip
