"""The batches that a recipe asks for, and the collator that makes tensors of them."""

from __future__ import annotations

from collections.abc import Sequence

from t5tune.console import track
from t5tune.data.batching.epoch_rows import EpochRows
from t5tune.data.batching.formed_batches import TokenBudgetBatches
from t5tune.data.batching.packing import PackedBatches, PackedCollator, choose_row_lengths
from t5tune.data.batching.phases import PhasedBatches
from t5tune.data.batching.plans import BatchPlan, FixedSizeBatches
from t5tune.data.encoding import Collator, EncodedDataset
from t5tune.decoding.loaded_model import LoadedModel
from t5tune.errors import T5TuneError
from t5tune.models.families import FAMILIES, find_family
from t5tune.models.packed import accept_packed_rows
from t5tune.recipe.sections.training_section import TrainingSection
from t5tune.recipe.training_choices import choose_batch_size
from t5tune.training.callbacks.batch_probe import LongestBatch
from t5tune.training.random_numbers import derive_seed
from t5tune.training.recipe_mixture import Phase


def choose_seed(section: TrainingSection) -> int:
    """Return the seed of the order of the examples."""
    return int(section.extra.get("data_seed", section.seed))


@track("planning the batches")
def build_batch_plan(
    section: TrainingSection,
    dataset: EncodedDataset,
    position: Sequence[int] = (),
    phases: Sequence[Phase] = (),
) -> BatchPlan:
    """Plan the batches of each epoch: a token budget, or a fixed number of examples.

    Args:
        section: Training section of the recipe.
        dataset: Examples that are batched together.
        position: Numbers that make the order of a window of a stream its own.
        phases: What each epoch of a mixture has.
    """
    if phases:
        plans = [_plan(section, dataset, phase.seed, phase.rows) for phase in phases]
        if len(plans) == 1:
            return plans[0]
        per_step = section.gradient_accumulation_steps
        begins = [phase.begin * per_step for phase in phases]
        return PhasedBatches(plans, begins, (section.max_steps or 0) * per_step)
    seed = derive_seed(choose_seed(section), *position)
    rows = EpochRows(dataset.num_examples, dataset.num_rounds)
    return _plan(section, dataset, seed, rows)


def _plan(
    section: TrainingSection, dataset: EncodedDataset, seed: int, rows: EpochRows
) -> BatchPlan:
    size = choose_batch_size(section)
    if size.unit == "examples":
        return FixedSizeBatches(len(dataset), size.count, seed, rows)
    lengths = dataset.sources.lengths, dataset.targets.lengths
    if section.packing:
        return PackedBatches(*lengths, choose_row_lengths(*lengths), size.count, seed, rows)
    return TokenBudgetBatches(*lengths, size.count, seed, rows)


def build_longest_batch(
    plan: TokenBudgetBatches | PackedBatches,
    dataset: EncodedDataset,
    collate: Collator | PackedCollator,
    most_rows: int,
) -> LongestBatch:
    """Build the batch that needs most memory, with as many of the longest rows as fit.

    Args:
        plan: Batches of each epoch.
        dataset: Examples, the longest ones among them.
        collate: Collator of the plan's batches.
        most_rows: Number of examples of a batch at most.
    """
    if isinstance(collate, PackedCollator):  # all its batches are alike
        batch = collate([dataset[row] for row in plan.plan_epoch(0)[0]])
        return LongestBatch(batch, plan.tokens_per_batch)
    source, target = (int(side.lengths.argmax()) for side in (dataset.sources, dataset.targets))
    row = {"input_ids": dataset.sources[source], "labels": dataset.targets[target]}
    tokens = len(row["input_ids"]) + len(row["labels"])
    num_rows = min(most_rows, max(1, plan.tokens_per_batch // tokens))
    return LongestBatch(collate([row] * num_rows), plan.tokens_per_batch)


def build_collator(plan: BatchPlan, model: LoadedModel) -> Collator | PackedCollator:
    """Return the collator that makes tensors of the plan's batches; the model learns to read them.

    Raises:
        T5TuneError: Rows are packed, and the model has absolute positions.
    """
    pad_token_id = int(model.tokenizer.pad_token_id)
    plan = plan.former
    if not isinstance(plan, PackedBatches):
        return Collator(pad_token_id)
    model_itself = model.translator.model
    config = model_itself.config
    if not find_family(config.model_type).has_relative_positions:
        packable = [family.title for family in FAMILIES if family.has_relative_positions]
        raise T5TuneError(
            f"training.packing: {config.model_type} numbers positions from the start of a row, so "
            "packed examples would not compute what single ones do; only "
            f"{', '.join(packable)} can be packed.",
            next_command="the same command with training.packing=false",
        )
    accept_packed_rows(model_itself)
    start = config.decoder_start_token_id
    return PackedCollator(pad_token_id, start, plan.row_lengths, plan.rows_per_batch)
