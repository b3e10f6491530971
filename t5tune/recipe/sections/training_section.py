"""The training section of a recipe. Keys of Hugging Face keep Hugging Face's spelling."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from t5tune.recipe.sections.regularization_section import NEED_ALL_WEIGHTS, RegularizationSection
from t5tune.recipe.sections.section import Count, PositiveInt, Section, Share, WholeNumber

OptimName = Literal["adafactor", "adamw_torch"]


class TrainingSection(Section):
    """How the model is trained. A value left out is chosen for the model's family."""

    num_train_epochs: Annotated[float, Field(gt=0)] = Field(
        default=3.0, description="Passes over the training data."
    )
    max_steps: PositiveInt | None = Field(
        default=None, description="Optimizer steps; overrides num_train_epochs."
    )
    max_minutes: Annotated[float, Field(gt=0)] | None = Field(
        default=None,
        description="Training ends after this time if epochs or steps have not ended it before; "
        "the learning rate ends with it.",
    )
    tokens_per_batch: PositiveInt | Literal["auto"] | None = Field(
        default=None,
        description="Source plus target tokens of one batch, padding counted. 4096 unless "
        "per_device_train_batch_size is given. auto: as many as memory holds, up to "
        "tokens_per_step.",
    )
    tokens_per_step: PositiveInt | None = Field(
        default=None,
        description="With tokens_per_batch auto: tokens of one optimizer step, whatever memory "
        "there is. 4096 times gradient_accumulation_steps if left out.",
    )
    per_device_train_batch_size: PositiveInt | None = Field(
        default=None, description="A fixed number of examples per batch instead of a token budget."
    )
    packing: bool = Field(
        default=False,
        description="T5 family: several examples in a row of fixed length, hardly any padding; "
        "pays on a GPU.",
    )
    torch_compile: bool | Literal["blocks"] = Field(
        default=False,
        description="With packing: compile encoder and decoder for the one shape that rows have. "
        "Takes a minute or more at the start, longer the deeper the model is. With blocks, each "
        "block is compiled by itself, which takes the same time for any depth.",
    )
    gradient_accumulation_steps: PositiveInt = Field(
        default=1, description="Number of batches of one optimizer step."
    )
    optim: OptimName | None = Field(
        default=None, description="adafactor for T5 from scratch, adamw_torch for fine-tuning."
    )
    scale_parameter: bool | None = Field(
        default=None,
        description="With optim adafactor: steps relative to the size of the weights. true from "
        "scratch and false for fine-tuning.",
    )
    learning_rate: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="Peak learning rate."
    )
    lr_scheduler_type: Literal[
        "linear", "cosine", "constant", "constant_with_warmup", "inverse_sqrt", "polynomial"
    ] = Field(default="linear", description="Shape of the schedule after the warm-up.")
    warmup_steps: Count | None = Field(
        default=None, description="Optimizer steps until the peak; a tenth of the run, at most 400."
    )
    weight_decay: Annotated[float, Field(ge=0)] = Field(
        default=0.0, description="Weight decay per step."
    )
    label_smoothing_factor: Share | None = Field(
        default=None, description="0.1 from scratch, 0 for fine-tuning, if left out."
    )
    max_grad_norm: Annotated[float, Field(ge=0)] = Field(
        default=1.0, description="Gradients are scaled down to this norm; 0 leaves them."
    )
    regularization: RegularizationSection = Field(default_factory=RegularizationSection)
    ema_decay: Share | None = Field(
        default=None,
        description="Keep a moving average of the weights too, such as 0.998; it becomes the "
        "model if it validates better than the best checkpoint.",
    )
    average_checkpoints: Annotated[int, Field(ge=2), WholeNumber] | None = Field(
        default=None,
        description="Number of newest checkpoints to average at the end; the average becomes the "
        "model if it validates better.",
    )
    bf16: bool | Literal["auto"] = Field(
        default="auto", description="auto: if a measurement shows that the hardware gains by it."
    )
    cpu_paths: Literal["fast", "plain"] = Field(
        default="fast",
        description="On a CPU. fast: dropout masks of bytes, sublayers of T5 and mT5 with "
        "gradients of their own, freed memory kept. plain: the library's layers. Both compute the "
        "same up to rounding, but draw other masks.",
    )
    gradient_checkpointing: bool = Field(
        default=False, description="Recompute activations: less memory, about a third slower."
    )
    sharding: Literal["none", "fsdp", "deepspeed"] = Field(
        default="none",
        description="fsdp: weights, gradients and optimizer state are sharded across the "
        "processes, for models that do not fit onto one GPU. deepspeed: the same by DeepSpeed's "
        "ZeRO. none: each process has all of them.",
    )
    deepspeed_config: str | None = Field(
        default=None, description="DeepSpeed's own JSON configuration; ZeRO stage 3 without one."
    )
    cpu_offload: bool = Field(
        default=False,
        description="With sharding fsdp: weights, gradients and optimizer state stay in main "
        "memory and move to the GPU block by block; slow.",
    )
    eval_steps: PositiveInt | None = Field(
        default=None,
        description="Optimizer steps between validations (and checkpoints); once an epoch if left "
        "out, but at most 20 times a run.",
    )
    early_stopping_patience: PositiveInt | None = Field(
        default=None, description="Stop after this many validations without a better score."
    )
    save_total_limit: PositiveInt = Field(
        default=2, description="Number of checkpoints to keep; the best one is always kept."
    )
    logging_steps: PositiveInt = Field(default=20, description="Optimizer steps between log lines.")
    seed: Annotated[int, Field(ge=0, lt=2**32), WholeNumber] = Field(
        default=42, description="Seed of initial weights, order and dropout."
    )
    extra: dict[str, Any] = Field(
        default_factory=dict,
        description="Further fields of transformers.Seq2SeqTrainingArguments, such as report_to.",
    )

    @model_validator(mode="after")
    def _one_batch_size(self) -> TrainingSection:
        if self.tokens_per_batch is not None and self.per_device_train_batch_size is not None:
            raise ValueError("give `tokens_per_batch` or `per_device_train_batch_size`, not both")
        if self.tokens_per_step is not None and self.tokens_per_batch != "auto":
            raise ValueError("`tokens_per_step` requires `tokens_per_batch: auto`")
        if self.torch_compile and not self.packing:
            raise ValueError(
                "`torch_compile` requires `packing: true`; other batches vary in shape, and each "
                "shape would be compiled again"
            )
        if self.packing and self.per_device_train_batch_size is not None:
            raise ValueError("`packing` requires `tokens_per_batch`")
        return self

    @model_validator(mode="after")
    def _regularization_fits(self) -> TrainingSection:
        given = self.regularization.in_force
        needing = [f"`regularization.{name}`" for name in NEED_ALL_WEIGHTS if name in given]
        if self.sharding != "none" and needing:
            raise ValueError(
                f"{needing[0]} and `sharding` exclude each other: it needs all weights in every "
                "process"
            )
        for name in {"fgm", "free_lb"} & given.keys():
            if self.torch_compile:
                raise ValueError(
                    f"`regularization.{name}` and `torch_compile` exclude each other: compiled "
                    "stacks read tokens, and no perturbed embeddings"
                )
        return self

    @model_validator(mode="after")
    def _scales_what_adafactor_does(self) -> TrainingSection:
        if self.scale_parameter is not None and self.optim != "adafactor":
            raise ValueError("`scale_parameter` requires `optim: adafactor`")
        return self

    @model_validator(mode="after")
    def _deepspeed_fits(self) -> TrainingSection:
        if self.sharding != "deepspeed":
            return self
        if self.optim == "adafactor":
            raise ValueError(
                "`optim: adafactor` and `sharding: deepspeed` exclude each other: Adafactor takes "
                "means over rows and columns, and ZeRO splits matrices anywhere; fsdp supports it"
            )
        if self.ema_decay is not None or self.average_checkpoints is not None:
            raise ValueError(
                "averages of weights need `sharding: fsdp` or none: DeepSpeed has the weights "
                "in two precisions, and t5tune does not exchange both"
            )
        return self

    @model_validator(mode="after")
    def _sharding_fits(self) -> TrainingSection:
        if self.cpu_offload and self.sharding != "fsdp":
            raise ValueError(
                "`cpu_offload` requires `sharding: fsdp`; DeepSpeed's is part of its own "
                "configuration, `deepspeed_config`"
            )
        if self.deepspeed_config is not None and self.sharding != "deepspeed":
            raise ValueError("`deepspeed_config` requires `sharding: deepspeed`")
        if self.sharding == "none":
            return self
        if self.torch_compile:
            raise ValueError(
                "`torch_compile` and `sharding` exclude each other: compiled stacks would be cut "
                "at every block that is gathered"
            )
        if self.tokens_per_batch == "auto":
            raise ValueError(
                "`tokens_per_batch: auto` and `sharding` exclude each other: processes that share "
                "the weights compute in step, and none can try out batches by itself"
            )
        return self
