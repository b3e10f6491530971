"""Layer-wise learning rates: lower layers, which know more of the language, change less.

Howard and Ruder (2018, section 3.2) divide the rate from layer to layer, as ELECTRA does
(Clark et al. 2020). Encoder and decoder count from their own tops, where the rate is the
recipe's. The embeddings, which both share in most families, are below the deeper one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from transformers import PreTrainedModel

from t5tune.training.regularizers.regularizer import Rates, Regularizer

_IN_LAYER = re.compile(r"\b(encoder|decoder)\.(?:block|layers)\.(\d+)\.")
_EMBEDDING = re.compile(r"\bshared\b|embed")


def _build(decay: float) -> Rates:
    def find_rates(model: PreTrainedModel) -> Mapping[str, float]:
        names = [name for name, _ in model.named_parameters()]  # tied ones under their first
        places = {name: found for name in names if (found := _IN_LAYER.search(name))}
        num_layers: dict[str, int] = {}
        for found in places.values():
            num_layers[found[1]] = max(num_layers.get(found[1], 0), int(found[2]) + 1)
        rates = {n: decay ** (num_layers[f[1]] - 1 - int(f[2])) for n, f in places.items()}
        lowest = decay ** max(num_layers.values(), default=0)
        others = [name for name in names if name not in places and _EMBEDDING.search(name)]
        return rates | dict.fromkeys(others, lowest)

    return find_rates


REGULARIZER = Regularizer(build_rates=_build)
