"""`t5tune reproduce`: train a recipe whose results were measured, and compare with them."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from t5tune.cli.completion import complete_recipe
from t5tune.cli.results import print_data, print_text
from t5tune.console import say

if TYPE_CHECKING:
    from t5tune.training.reproduction import Reproduction


def reproduce(
    recipe: Annotated[
        str,
        typer.Argument(
            help="A recipe file, or the name of a shipped recipe.", autocompletion=complete_recipe
        ),
    ],
    seeds: Annotated[
        int, typer.Option(min=1, help="Number of seeds to train with, from the recipe's own on.")
    ] = 1,
    output_dir: Annotated[
        Path | None,
        typer.Option(help="Directory for the runs; runs/NAME-reproduce if left out."),
    ] = None,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print the comparison as JSON on stdout.")
    ] = False,
) -> None:
    """Train and evaluate a recipe, and print PASS or FAIL beside the scores that it expects.

    Only recipes with an `expected` section can be reproduced. The same command again continues.
    Exits with 1 if a score of a seed is outside its band.
    """
    import json

    from t5tune.errors import T5TuneError
    from t5tune.training.reproduction import reproduce as run

    result = run(recipe, num_seeds=seeds, output_dir=output_dir)
    if result.stopped_by is not None:
        number = ["--seeds", str(seeds)] if seeds > 1 else []
        directory = ["--output-dir", str(output_dir)] if output_dir else []
        command = shlex.join(["t5tune", "reproduce", recipe, *number, *directory])
        say("stopped; a checkpoint is saved")
        say(f"try: {command}   # continues")
        raise typer.Exit(128 + result.stopped_by)
    if json_output:
        print_data(json.dumps(result.to_json(), ensure_ascii=False, indent=2))
    else:
        _print(result)
    if misses := result.misses:
        path = result.runs[misses[0].seed].path
        raise T5TuneError(
            "\n".join(outcome.describe_miss() for outcome in misses),
            next_command=f"t5tune eval {shlex.quote(str(path))}   # what is wrong in its test set",
        )


def _print(result: Reproduction) -> None:
    width = max(len(outcome.score.name) for outcome in result.outcomes)
    for outcome in result.outcomes:
        state = "ok" if outcome.is_inside else "outside"
        print_text(
            f"seed {outcome.seed}  {outcome.score.name:{width}}  {outcome.score.shown:>6}  "
            f"expected {outcome.shown_band}  {state}"
        )
    print_text("FAIL" if result.misses else "PASS")
    if result.expected.hardware:
        say(f"the expected scores were measured with {result.expected.hardware}")
