"""The objective with which plain text becomes examples, where a recipe leaves it to the model."""

from __future__ import annotations

from pathlib import Path

from t5tune.errors import T5TuneError
from t5tune.models.families import find_family
from t5tune.models.loading import load_config
from t5tune.recipe.schema import Recipe
from t5tune.recipe.sections.denoise_section import RATES
from t5tune.recipe.sections.from_scratch_section import FromScratchSection


def choose_objective(recipe: Recipe, checkpoint: Path | None = None) -> Recipe:
    """Return a recipe that says how words are left out of plain text, if it is about that.

    Args:
        recipe: Recipe as written.
        checkpoint: Checkpoint that training resumes from, which is read instead of the origin.

    Raises:
        T5TuneError: The model was pretrained in another way, or cannot be read.
    """
    section = recipe.data.denoise
    if section is None:
        return recipe
    objective = section.objective
    if objective is None:
        model_type = _find_model_type(recipe, checkpoint)
        objective = find_family(model_type).objective
        if objective is None:
            raise T5TuneError(
                f"data.denoise.objective: {model_type} was pretrained in another way than t5tune "
                "has.",
                next_command="data.denoise.objective=span_corruption   # or text_infilling",
            )
    rate = RATES[objective] if section.rate is None else section.rate
    chosen = section.model_copy(update={"objective": objective, "rate": rate})
    data = recipe.data.model_copy(update={"denoise": chosen})
    return recipe.model_copy(update={"data": data})


def _find_model_type(recipe: Recipe, checkpoint: Path | None) -> str:
    origin = recipe.model.origin
    if checkpoint is not None and recipe.model.adapter is None:
        return str(load_config(str(checkpoint)).model_type)
    if isinstance(origin, FromScratchSection):
        return origin.architecture
    return str(load_config(origin.name, revision=origin.revision).model_type)
