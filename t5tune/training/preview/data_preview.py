"""What training would see, found without a model's weights: only the order of the steps."""

from __future__ import annotations

from transformers import PreTrainedTokenizerBase

from t5tune.data.overview.data_overview import DataOverview
from t5tune.data.readers.hub_commits import pin_commits
from t5tune.models.families import find_family
from t5tune.recipe.resolve import resolve_data
from t5tune.recipe.schema import Recipe
from t5tune.recipe.sections.from_scratch_section import FromScratchSection
from t5tune.training.preparation.augmentation import build_rounds
from t5tune.training.preparation.denoising_objective import choose_objective
from t5tune.training.preparation.entry_languages import begin_all_texts
from t5tune.training.preparation.model_facts import find_prefixes
from t5tune.training.preparation.texts import open_texts
from t5tune.training.preparation.vocabulary.model_tokenizer import open_tokenizer
from t5tune.training.preview.augmentation_preview import preview_augmentation
from t5tune.training.preview.split_looks import SplitLooks
from t5tune.training.recipe_batches import choose_seed
from t5tune.training.recipe_mixture import Phase, plan_phases


def preview_data(recipe: Recipe, rows: int | None) -> DataOverview:
    """Look at the splits of a recipe as training would see them.

    Args:
        recipe: Recipe as written.
        rows: Number of examples of each entry whose tokens are counted; None for all. Of streamed
            data, no others are read.

    Raises:
        T5TuneError: A split or the tokenizer cannot be read, or training would refuse the data.
    """
    pinned = recipe.model_copy(update={"data": pin_commits(recipe.data, {})})
    pinned = choose_objective(pinned)
    texts = open_texts(pinned.data, recipe.source_lang, recipe.target_lang)
    tokenizer, model_type, config = open_tokenizer(pinned, texts)
    begin_all_texts(model_type, tokenizer, recipe)
    data = resolve_data(pinned, find_prefixes(pinned, model_type, tokenizer, config))
    looks = SplitLooks(
        texts,
        tokenizer,
        data,
        build_rounds(texts, tokenizer, data),
        rows,
        has_languages=find_family(model_type).has_language_tokens,
    )
    for key, entry in texts.entries.items():
        looks.look_at_training(key, entry)
    looks.look_at_set("validation", texts.validation)
    if texts.test is not None:
        looks.look_at_set("test", texts.test)
    phases: list[Phase] = []
    if data.mixture:
        phases = plan_phases(data, looks.imagine_dataset(), choose_seed(recipe.training))
    return DataOverview(
        recipe.name,
        _describe_tokenizer(recipe, tokenizer),
        tokenizer.unk_token,
        rows,
        looks.splits,
        looks.cleaning,
        [phase.to_json() for phase in phases],
        texts.translated,
        looks.compare(),
        looks.num_compared if data.is_streamed else None,
        looks.choose_examples(),
        preview_augmentation(data, texts, tokenizer),
    )


def _describe_tokenizer(recipe: Recipe, tokenizer: PreTrainedTokenizerBase) -> str:
    origin, size = recipe.model.origin, f"{len(tokenizer):,} tokens"
    if not isinstance(origin, FromScratchSection):
        return f"that of {origin.name}, {size}"
    section = origin.tokenizer
    if section.type in ("existing", "bytes"):
        return f"{section.name or section.type}, {size}"
    as_varied = " as augmented" * section.augmented
    return f"{section.type}, learned from the training data{as_varied}, {size}"
