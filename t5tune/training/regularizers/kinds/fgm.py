"""The fast gradient method (Miyato et al. 2017): one ascent of the embeddings, and a second pass.

Both passes have the same weight (Goodfellow et al. 2015, section 6).
"""

from __future__ import annotations

from t5tune.training.regularizers.perturbed_passes import PerturbedPasses
from t5tune.training.regularizers.regularizer import Regularizer, RunParts


def _build(epsilon: float, parts: RunParts) -> PerturbedPasses:
    return PerturbedPasses("fgm", parts.model, epsilon, num_passes=2, step_size=epsilon)


REGULARIZER = Regularizer(build_passes=_build)
