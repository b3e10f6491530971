"""`t5tune validate`: check the schema and whether the files exist, in milliseconds."""

from __future__ import annotations

from typing import Annotated

import typer

from t5tune.cli.completion import complete_change, complete_recipe
from t5tune.cli.results import print_data, print_text


def validate(
    recipe: Annotated[
        str | None,
        typer.Argument(
            help="A recipe file, or the name of a shipped recipe.", autocompletion=complete_recipe
        ),
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KEY=VALUE]...",
            help="Changes to the recipe, as for t5tune train.",
            autocompletion=complete_change,
        ),
    ] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON schema for editors.")
    ] = False,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print the recipe with its defaults as JSON.")
    ] = False,
) -> None:
    """Check a recipe and whether its files and columns exist, without loading a model."""
    import json

    from t5tune.errors import T5TuneError
    from t5tune.recipe.loading import load_recipe, recipe_json_schema
    from t5tune.training.preparation.inputs import check_inputs, check_prerequisites

    if schema:
        print_data(json.dumps(recipe_json_schema(), indent=2))
        return
    if recipe is None:
        raise T5TuneError("No recipe is named.", next_command="t5tune validate RECIPE")
    loaded = load_recipe(recipe, overrides or [], for_training=True)
    check_prerequisites(loaded)
    check_inputs(loaded)
    if json_output:
        print_data(json.dumps(loaded.model_dump(mode="json"), ensure_ascii=False, indent=2))
        return
    model = loaded.model.name or "a new model"
    training = loaded.training
    count, unit = training.num_train_epochs, "epoch"
    if training.max_steps:
        count, unit = training.max_steps, "step"
    # Not :g, which would write a million steps as 1e+06.
    amount = f"{int(count):,}" if count == int(count) else str(count)
    length = f"{amount} {unit}{'' if count == 1 else 's'}"
    print_text(f"{recipe}: a valid recipe ({loaded.task}, {model}, {length})")
