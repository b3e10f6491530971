"""`t5tune validate`: check the schema, the files and what they hold, without a model."""

from __future__ import annotations

from typing import Annotated

import typer

from t5tune.cli.completion import complete_recipe
from t5tune.cli.results import print_data, print_text
from t5tune.cli.shared_options import RecipeChanges


def validate(
    recipe: Annotated[
        str | None,
        typer.Argument(
            help="A recipe file, or the name of a shipped recipe.", autocompletion=complete_recipe
        ),
    ] = None,
    overrides: RecipeChanges = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON schema for editors.")
    ] = False,
    all_data: Annotated[
        bool,
        typer.Option("--data", help="Read all local data, also files of more than 20 MB."),
    ] = False,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print the recipe with its defaults as JSON.")
    ] = False,
) -> None:
    """Check a recipe and its local data, row by row, without loading a model."""
    import json

    from t5tune.console import say
    from t5tune.errors import T5TuneError
    from t5tune.recipe.loading import load_recipe, recipe_json_schema
    from t5tune.training.preparation.contents import AT_ONCE, check_contents, measure_files
    from t5tune.training.preparation.inputs import check_inputs, check_prerequisites

    if schema:
        print_data(json.dumps(recipe_json_schema(), indent=2))
        return
    if recipe is None:
        raise T5TuneError("No recipe is named.", next_command="t5tune validate RECIPE")
    loaded = load_recipe(recipe, overrides or [], for_training=True)
    check_prerequisites(loaded)
    check_inputs(loaded)
    if all_data or measure_files(loaded) <= AT_ONCE:
        check_contents(loaded)
    else:
        say("data: the rows of so large files are checked with --data only")
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
