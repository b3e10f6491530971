"""The start of a training, with what makes it fast on a CPU."""

from __future__ import annotations

from collections.abc import Callable

from t5tune.console import say
from t5tune.decoding.loaded_model import default_device
from t5tune.models.cpu.fast_paths import use_fast_paths
from t5tune.recipe.schema import Recipe
from t5tune.training.preparation.start import Start, broadcast_start
from t5tune.training.step.allocator import keep_freed_memory


def begin(recipe: Recipe, prepare: Callable[[], Start]) -> Start:
    """Return the start that the main process prepares, in every process.

    On a CPU, freed memory is kept from here on, and the model computes by the paths that the recipe
    asks for.

    Raises:
        T5TuneError: Data, model or settings cannot be used.
    """
    is_fast = default_device() == "cpu" and recipe.training.cpu_paths == "fast"
    if is_fast:
        keep_freed_memory()
    start = broadcast_start(prepare)
    if is_fast:
        is_sharded = start.recipe.training.sharding != "none"
        paths = use_fast_paths(start.model.translator.model, is_sharded=is_sharded)
        say(f"on this CPU: {', '.join([*paths, 'freed memory kept'])} (training.cpu_paths)")
    return start
