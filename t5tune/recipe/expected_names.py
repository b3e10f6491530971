"""Names from other programs that people expect in a recipe, and what to use instead.

A nearest spelling would mislead: `report_to` is near `repeat`, `meteor` near `ter`.
"""

from __future__ import annotations

import re

_SAME_AS = {
    "data.max_source_length": "max_source_len max_src_length max_src_len max_input_length "
    "max_input_len source_max_length",
    "data.max_target_length": "max_target_len max_tgt_length max_tgt_len max_output_length "
    "max_output_len target_max_length val_max_target_length",
    "data.prefix": "source_prefix task_prefix prompt instruction",
    "data.train.config": "dataset_config dataset_config_name subset",
    "data.train.file": "data_file data_files filename file_name path train_file train_path",
    "data.train.hub": "dataset dataset_name hf_dataset hub_id",
    "data.train.max_examples": "max_samples max_train_samples num_examples num_samples limit",
    "data.train.source": "source_column src_column input_column text_column",
    "data.train.target": "target_column tgt_column output_column summary_column",
    "data.validation": "dev val valid eval development validation_file val_file valid_file",
    "data.test": "test_file test_path",
    "decoding.length_penalty": "lenpen length_alpha",
    "decoding.max_new_tokens": "generation_max_length max_output_tokens max_decode_length",
    "decoding.no_repeat_ngram_size": "no_repeat_ngram no_repeat_ngrams",
    "decoding.num_beams": "beam beams beam_size generation_num_beams",
    "evaluation.best_metric": "metric_for_best_model monitor",
    "evaluation.metrics": "metric eval_metrics",
    "model.config": "model_config config_overrides",
    "model.name": "model_name model_name_or_path base_model pretrained pretrained_model",
    "source_lang": "src_lang source_language src",
    "target_lang": "tgt_lang trg_lang target_language tgt",
    "training.early_stopping_patience": "early_stopping patience early_stop",
    "training.ema_decay": "ema",
    "training.eval_steps": "eval_every eval_interval valid_steps validation_steps "
    "val_check_interval",
    "training.gradient_accumulation_steps": "accumulation_steps grad_accum grad_accum_steps "
    "gradient_accumulation accumulate_grad_batches",
    "training.label_smoothing_factor": "label_smoothing",
    "training.learning_rate": "lr base_lr peak_lr max_lr",
    "training.logging_steps": "log_steps log_every log_interval",
    "training.lr_scheduler_type": "scheduler lr_scheduler lr_schedule",
    "training.max_grad_norm": "grad_clip clip_norm clip_grad_norm gradient_clip_val "
    "gradient_clipping max_norm",
    "training.max_steps": "steps num_steps num_train_steps max_train_steps total_steps",
    "training.num_train_epochs": "epochs epoch num_epochs n_epochs max_epochs train_epochs",
    "training.optim": "optimizer optimiser",
    "training.save_total_limit": "keep_checkpoints max_checkpoints",
    "training.seed": "random_seed manual_seed",
    "training.torch_compile": "compile",
    "training.warmup_steps": "warmup num_warmup_steps lr_warmup_steps",
    "training.weight_decay": "wd",
}

_ANSWERS = {
    "lora qlora peft adapter adapters": "LoRA and other adapters are not supported; all weights "
    "are trained; training.gradient_checkpointing and training.sharding save memory",
    "quantization load_in_8bit load_in_4bit": "weights are trained in fp32 or bf16; `export` makes "
    "an int8 model of them",
    "freeze freeze_encoder freeze_embeddings frozen": "weights cannot be frozen; all are trained",
    "fp16 half half_precision mixed_precision precision amp dtype torch_dtype": "T5 overflows in "
    "fp16; training.bf16 takes auto, true or false",
    "report_to": "it goes under training.extra, as in `extra: {report_to: wandb}`; TensorBoard's "
    "files are written anyway",
    "wandb mlflow trackio comet_ml clearml neptune": "trackers go under training.extra, as in "
    "`extra: {report_to: wandb}`",
    "tensorboard logging_dir": "TensorBoard's files are always written into the run",
    "run_name": "a run goes by the recipe's `name`; trackers use training.extra.run_name",
    "resume resume_from resume_from_checkpoint load_checkpoint": "`t5tune train` typed again "
    "continues a run from its newest checkpoint",
    "overwrite_output_dir": "a run is never overwritten; --restart on the command line begins a "
    "new one beside it",
    "output_dir out_dir save_dir output": "a run goes to runs/NAME, or to the directory that "
    "--output-dir names on the command line",
    "batch_size train_batch_size per_gpu_train_batch_size per_device_batch_size micro_batch_size": (
        "training.tokens_per_batch counts tokens, and training.per_device_train_batch_size examples"
    ),
    "eval_batch_size per_device_eval_batch_size": "decoding.tokens_per_batch says how much is "
    "translated at once",
    "warmup_ratio": "training.warmup_steps counts steps; left out, it is a tenth of the run, at "
    "most 400",
    "dropout dropout_rate attention_dropout": "it is a field of the model's own configuration: "
    "model.config.dropout_rate for T5, model.config.dropout for BART and Marian",
    "streaming stream": "data sets are not streamed: a split is read before training begins; "
    "max_examples takes its first examples alone",
    "do_train do_eval do_predict predict_with_generate": "a run always trains, validates by "
    "generating, and evaluates the best model",
    "eval_strategy evaluation_strategy save_strategy save_steps save_every": "training.eval_steps "
    "says how often a run validates and saves",
    "push_to_hub hub_model_id hub_token": "a recipe uploads nothing; `hf upload` takes the run's "
    "model/ as it is",
    "num_workers dataloader_num_workers": "it goes under training.extra, as dataloader_num_workers",
    "deepspeed": "`sharding: deepspeed` under training, with its file in training.deepspeed_config",
    "fsdp fsdp_config": "`sharding: fsdp` under training shards the weights",
    "gpus num_gpus device devices accelerator num_processes distributed ddp": "a GPU is used where "
    "there is one, and several with --num-processes on the command line",
    "no_cuda use_cpu cpu": "CUDA_VISIBLE_DEVICES= before the command hides the GPUs",
    "tokenizer tokenizer_name": "a model brings its own tokenizer; only model.from_scratch has a "
    "section for one",
    "trust_remote_code": "code of models and data sets from the hub is never run",
    "group_by_length sortish_sampler bucketing": "batches hold examples of similar length anyway",
    "shuffle": "training examples are shuffled for every epoch, by training.seed",
    "do_sample sampling temperature top_k top_p": "hypotheses come from beam search, or greedy "
    "search with decoding.num_beams 1; sampling is not supported",
    "num_return_sequences n_best num_hypotheses": "`t5tune translate --n-best` gives several "
    "hypotheses",
    "repetition_penalty min_length min_new_tokens diversity_penalty num_beam_groups "
    "encoder_no_repeat_ngram_size stop_strings": "the search has no such setting; it has the keys "
    "under decoding",
    "max_length max_len max_seq_length max_seq_len": "data.max_source_length and "
    "data.max_target_length limit what is read, decoding.max_new_tokens what is generated",
    "language languages lang": "the languages are source_lang and target_lang, at the top level",
    "test_size val_size validation_split split_ratio": "no split is made from another: "
    "data.validation names a place of its own, such as a slice train[:1%] of a data set on the hub",
    "delimiter sep separator": "`format: tsv` means tabs, `format: csv` commas",
    "encoding": "files are UTF-8",
    "sources datasets mixture": "a split comes from one place; several files are joined into one",
}

_SPLITS = ("data.train", "data.validation", "data.test")

# Names whose meaning depends on the section.
_IN_SECTION = {
    ("decoding", "early_stopping"): "the search has no such setting; it has the keys under "
    "decoding",
    ("decoding", "max_length"): "did you mean max_new_tokens?",
    ("decoding", "max_tokens"): "did you mean max_new_tokens?",
    ("training", "max_tokens"): "did you mean tokens_per_batch?",
    ("evaluation", "tokenizer"): "did you mean tokenize?",
    ("evaluation", "batch_size"): "decoding.tokens_per_batch says how much is translated at once",
    **{
        (split, name): f"did you mean {key}?"
        for split in _SPLITS
        for name, key in (("src", "source"), ("tgt", "target"), ("name", "config"))
    },
}

_BEGINNINGS = {
    "lora_": "lora",
    "peft_": "peft",
    "bnb_": "quantization",
    "wandb_": "wandb",
    "mlflow_": "mlflow",
    "hub_": "push_to_hub",
    "fsdp_": "fsdp",
}

_KEY_OF = {name: key for key, names in _SAME_AS.items() for name in names.split()}
_ANSWER_OF = {name: answer for names, answer in _ANSWERS.items() for name in names.split()}

_ROUGE = "rouge gives ROUGE-1, ROUGE-2, ROUGE-L and ROUGE-Lsum"
_LOSS = "a validation translates and scores, and has no loss"
_ONLY_BF16 = "T5 overflows in fp16"
_VALUES = {
    "metrics": {
        **dict.fromkeys(("rouge1", "rouge2", "rougel", "rougelsum", "rouge_l"), _ROUGE),
        **dict.fromkeys(("loss", "eval_loss", "perplexity", "ppl"), _LOSS),
        **dict.fromkeys(("chrf++", "chrf2", "chrf2++"), "chrf is chrF2++"),
        **dict.fromkeys(("accuracy", "acc", "em"), "did you mean exact_match?"),
        "f1": "did you mean token_f1?",
        "sacrebleu": "bleu is sacreBLEU's",
        "spbleu": "it is bleu with `tokenize: flores200`",
        "per": "it is wer where phones are separated by spaces",
    },
    "task": {
        **dict.fromkeys(("mt", "nmt", "machine_translation"), "did you mean translation?"),
        **dict.fromkeys(
            ("seq2seq", "qa", "question_answering", "text2text_generation", "generation", "g2p"),
            "did you mean text2text?",
        ),
    },
    "export": {
        **dict.fromkeys(
            ("onnx", "gguf", "openvino", "tflite"), "models are exported to CTranslate2 alone"
        ),
        **{
            name: f"did you mean ctranslate2-{name}?"
            for name in ("int8", "int8_bfloat16", "float16", "bfloat16", "float32")
        },
        **dict.fromkeys(("ctranslate2", "ct2"), "did you mean ctranslate2-int8?"),
    },
    "optim": {"adamw": "did you mean adamw_torch?", "adam": "did you mean adamw_torch?"},
    "lr_scheduler_type": dict.fromkeys(
        ("cosine_with_restarts", "cosine_with_min_lr", "reduce_lr_on_plateau",
         "warmup_stable_decay"),
        "",
    ),
    "bf16": dict.fromkeys(("fp16", "float16", "16", "half"), _ONLY_BF16),
    "sharding": {
        **dict.fromkeys(("zero", "zero2", "zero3"), "did you mean deepspeed?"),
        "ddp": "with none, each process has all weights",
    },
}  # fmt: skip
_VALUES["best_metric"] = _VALUES["metrics"]
# Metrics of the library `evaluate` that people ask for by their names alone.
_OF_EVALUATE = ("meteor", "bertscore", "bleurt", "google_bleu", "nist_mt", "character", "mauve")


def answer_key(section: str, name: str) -> str | None:
    """Return the advice on an unknown key that people expect; None if there is none.

    Args:
        section: Dotted path of the section that holds the key.
        name: Name of the key.
    """
    plain = name.lower().replace("-", "_")
    if (section, plain) in _IN_SECTION:
        return _IN_SECTION[section, plain]
    if plain in _ANSWER_OF:
        return _ANSWER_OF[plain]
    if plain not in _KEY_OF:
        same = next((same for start, same in _BEGINNINGS.items() if plain.startswith(start)), None)
        return None if same is None else _ANSWER_OF[same]
    key = _KEY_OF[plain]
    if section in _SPLITS:  # the table has the keys of the first split only
        key = key.replace("data.train.", f"{section}.")
    return f"did you mean {key.removeprefix(f'{section}.') if section else key}?"


def answer_value(key: str, value: str) -> str | None:
    """Return the advice on the value of a key; empty where there is none."""
    plain = re.sub(r"[\s-]", "_", value.lower())
    if key == "metrics" and plain.replace("_", "") in (m.replace("_", "") for m in _OF_EVALUATE):
        return f"evaluate:{plain} computes it, with --allow-code on the command line"
    if key == "best_metric" and plain in _OF_EVALUATE:
        return ""
    answer = _VALUES.get(key, {}).get(plain)
    return _VALUES.get(key, {}).get(plain.replace("_", "")) if answer is None else answer


def answer_section(path: str, value: object) -> str | None:
    """Return the advice on a value in place of a section, or a list in place of a text."""
    is_split = path in _SPLITS
    if isinstance(value, list) and (is_split or path.rsplit(".", 1)[-1].endswith("file")):
        return "a split comes from one place, so join several files into one"
    if isinstance(value, str) and is_split:
        is_file = "." in value.rsplit("/", 1)[-1]
        return f"write {{file: {value}}}" if is_file else f"write {{hub: {value}, split: …}}"
    return f"write {{name: {value}}}" if isinstance(value, str) and path == "model" else None
