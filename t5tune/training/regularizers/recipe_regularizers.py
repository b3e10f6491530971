"""Building the regularizers that a recipe gives."""

from __future__ import annotations

from collections.abc import Mapping

from transformers import PreTrainedModel

from t5tune.recipe.sections.regularization_section import RegularizationSection
from t5tune.training.regularizers.in_force import Regularization
from t5tune.training.regularizers.kinds import REGULARIZERS
from t5tune.training.regularizers.regularizer import RunParts


def build_regularization(section: RegularizationSection, parts: RunParts) -> Regularization:
    """Build the regularizers that a recipe gives.

    Raises:
        T5TuneError: One of them does not fit the model or the run.
    """
    given = {name: (REGULARIZERS[name], value) for name, value in section.in_force.items()}
    noises = [one.build_noise(v, parts) for one, v in given.values() if one.build_noise]
    objectives = [one.build_objective(v, parts) for one, v in given.values() if one.build_objective]
    passes = [one.build_passes(v, parts) for one, v in given.values() if one.build_passes]
    return Regularization(
        [name for name, (one, _) in given.items() if one.build_objective or one.build_passes],
        noises,
        objectives[0] if objectives else None,
        passes[0] if passes else None,
        [one.build_callback(v, parts) for one, v in given.values() if one.build_callback],
    )


def find_rates(section: RegularizationSection, model: PreTrainedModel) -> Mapping[str, float]:
    """Return factors of the learning rate by name of the parameter; those left out have 1."""
    rates: dict[str, float] = {}
    for name, value in section.in_force.items():
        build = REGULARIZERS[name].build_rates
        if build is not None:
            for parameter, factor in build(value)(model).items():
                rates[parameter] = rates.get(parameter, 1.0) * factor
    return rates
