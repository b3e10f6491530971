"""Test the shares of a mixture, and the weights that cannot be filled."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from t5tune.errors import T5TuneError
from t5tune.recipe.sections.data_section import DataSection
from t5tune.training.recipe_mixture import plan_phases

SIDE = SimpleNamespace(lengths=np.full(110, 3))
DATASET: Any = SimpleNamespace(sources=SIDE, targets=SIDE, part_sizes=[100, 10], num_rounds=1)


def mix(*entries: dict[str, Any]) -> DataSection:
    named = [{"file": f"{number}.tsv", **entry} for number, entry in enumerate(entries)]
    return DataSection.model_validate({"train": named, "validation": {"file": "v.tsv"}})


def test_what_max_repeats_withholds_is_said() -> None:
    (phase,) = plan_phases(mix({"weight": 1}, {"weight": 1, "max_repeats": 2}), DATASET, 0)
    assert "0.tsv 81.8 % (90 of 100 examples, 0.90 times each; " in str(phase)
    assert "2.00 times each, max_repeats; 50.0 % asked for; " in str(phase)


def test_a_weight_of_less_than_one_example_is_refused() -> None:
    with pytest.raises(T5TuneError, match=r"data\.train\[1\]\.weight: .* one example of 1\.tsv"):
        plan_phases(mix({"weight": 1}, {"weight": 1e-6}), DATASET, 0)
