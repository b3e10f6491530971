"""`t5tune data`: the splits of a recipe, what cleaning leaves out, and what augmentation makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from t5tune.cli.completion import complete_change, complete_recipe
from t5tune.cli.results import print_data, print_text
from t5tune.cli.shared_options import AllowModelCode, proposing_permission

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from t5tune.data.cleaning.cleaning_report import CleaningReport
    from t5tune.training.preparation.data_preview import DataPreview, KindPreview


def data(
    recipe: Annotated[
        str,
        typer.Argument(
            help="A recipe file, or the name of a shipped recipe.", autocompletion=complete_recipe
        ),
    ],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KEY=VALUE]...",
            help="Changes to the recipe, such as data.augment.upper=0.05.",
            autocompletion=complete_change,
        ),
    ] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
    allow_code: AllowModelCode = False,
) -> None:
    """Show what training would see: the splits, and examples of each rule and augmentation."""
    import json

    from t5tune.models.permission import permission_of, permitting
    from t5tune.recipe.loading import load_recipe
    from t5tune.training.preparation.data_preview import preview_data
    from t5tune.training.preparation.inputs import check_inputs

    loaded = load_recipe(recipe, overrides or [], for_training=True)
    check_inputs(loaded)
    with proposing_permission():
        permission = permission_of(loaded.model, allow_code=allow_code)
    with permitting(permission):
        preview = preview_data(loaded)
    if json_output:
        print_data(json.dumps(_to_json(preview), ensure_ascii=False, indent=2))
        return
    for line in _format(preview):
        print_text(line)


def _format(preview: DataPreview) -> Iterator[str]:
    for split in preview.splits:
        count = "streamed" if split.num_examples is None else f"{split.num_examples:,} examples"
        blank = f", {split.num_blank:,} blank ones left out" if split.num_blank else ""
        yield f"{split.name:10}  {count:>18}  {split.place}{blank}"
    for key, report in preview.cleaning.items():
        yield from _format_cleaning(key, report)
    if not preview.kinds:
        yield "no augmentation"
        return
    rounds = "each pass anew" if preview.rounds is None else f"{preview.rounds} rounds"
    yield ""
    yield f"augmentation: {rounds}, seed {preview.seed}"
    for kind in preview.kinds:
        yield ""
        yield f"{kind.name} ({_describe(kind)}): {_format_shares(kind, preview.looked_at)}"
        for number, change in enumerate(kind.examples):
            if number:
                yield ""
            for before, after in zip(change.before, change.after, strict=True):
                yield f"  {before}" if before == after else f"  {before}\n    -> {after}"


def _format_cleaning(key: str, report: CleaningReport) -> Iterator[str]:
    yield ""
    for sentence in report.describe():
        yield f"{key}: {sentence}"
    for name, examples in report.examples.items():
        if not examples:
            continue
        yield ""
        yield f"{name}: {report.counts[name]:,} pairs left out"
        for example in sorted(examples, key=lambda one: one.row):
            yield f"  pair {example.row:,}: {example.source}"
            yield f"    -> {example.target}"
    yield ""


def _describe(kind: KindPreview) -> str:
    return "both sides" if kind.sides == "both" else "source"


def _format_shares(kind: KindPreview, looked_at: int) -> str:
    asked = f"asked {100 * kind.asked:.1f}%"
    if kind.num_changed is None or not looked_at:
        return asked
    share = 100 * kind.num_changed / looked_at
    return f"{asked}, changed {share:.1f}% of {looked_at:,} examples"


def _to_json(preview: DataPreview) -> dict[str, Any]:
    from dataclasses import asdict

    kinds = [
        {
            "name": kind.name,
            "sides": kind.sides,
            "share": kind.asked,
            "num_changed": kind.num_changed,
            "examples": [
                {
                    when: {"source": text.source, "target": text.target}
                    for when, text in (("before", one.before), ("after", one.after))
                }
                for one in kind.examples
            ],
        }
        for kind in preview.kinds
    ]
    augmentation = {
        "rounds": preview.rounds,
        "seed": preview.seed,
        "looked_at": preview.looked_at,
        "kinds": kinds,
    }
    return {
        "splits": [asdict(split) for split in preview.splits],
        "cleaning": {key: report.to_json() for key, report in preview.cleaning.items()} or None,
        "augmentation": augmentation if kinds else None,
    }
