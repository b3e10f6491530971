"""FreeLB (Zhu et al. 2020, algorithm 1): the mean gradient of several passes.

The perturbation begins at zero, which the paper allows, so that the first pass is the plain one,
and is projected onto a ball after each ascent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from t5tune.training.regularizers.perturbed_passes import PerturbedPasses
from t5tune.training.regularizers.regularizer import Regularizer, RunParts

if TYPE_CHECKING:
    from t5tune.recipe.sections.regularization_section import FreeLbSection


def _build(section: FreeLbSection, parts: RunParts) -> PerturbedPasses:
    step_size = section.step_size or section.epsilon / (section.steps - 1)
    return PerturbedPasses("free_lb", parts.model, section.epsilon, section.steps, step_size)


REGULARIZER = Regularizer(build_passes=_build)
