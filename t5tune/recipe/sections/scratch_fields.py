"""Fields of the configurations that models from scratch can have, as Transformers names them.

A mistyped field is found with them before Transformers is imported, which takes seconds.
"""

from __future__ import annotations

_OF_ALL = (
    "_name_or_path", "architectures", "chunk_size_feed_forward", "d_model", "dtype",
    "eos_token_id", "forced_bos_token_id", "hidden_size", "id2label", "is_decoder",
    "is_encoder_decoder", "label2id", "model_type", "num_attention_heads", "num_hidden_layers",
    "output_attentions", "output_hidden_states", "pad_token_id", "problem_type", "return_dict",
    "tie_word_embeddings", "transformers_version", "use_cache", "vocab_size",
)  # fmt: skip
_OF_BART_AND_MARIAN = (
    "activation_dropout", "activation_function", "attention_dropout", "bos_token_id",
    "decoder_attention_heads", "decoder_ffn_dim", "decoder_layerdrop", "decoder_layers",
    "decoder_start_token_id", "dropout", "encoder_attention_heads", "encoder_ffn_dim",
    "encoder_layerdrop", "encoder_layers", "forced_eos_token_id", "init_std",
    "max_position_embeddings", "scale_embedding",
)  # fmt: skip
FIELDS = {
    "t5": (
        *_OF_ALL,
        "classifier_dropout", "d_ff", "d_kv", "dense_act_fn", "dropout_rate",
        "feed_forward_proj", "head_dim", "initializer_factor", "is_gated_act",
        "layer_norm_epsilon", "num_decoder_layers", "num_heads", "num_layers",
        "relative_attention_max_distance", "relative_attention_num_buckets",
        "scale_decoder_outputs",
    ),
    "marian": (
        *_OF_ALL, *_OF_BART_AND_MARIAN,
        "decoder_vocab_size", "share_encoder_decoder_embeddings",
    ),
    "bart": (
        *_OF_ALL, *_OF_BART_AND_MARIAN,
        "classifier_dropout",
    ),
}  # fmt: skip
