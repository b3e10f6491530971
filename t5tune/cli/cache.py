"""`t5tune cache`: what the cache holds of data and models, and how it is made smaller."""

from __future__ import annotations

from typing import Annotated

import typer

from t5tune.cli.results import print_data, print_text

WITHOUT_PLACE = {
    "overlap": "how much of a set is in training data",
    "vocabulary": "a tokenizer that was learned from training data",
    "weights": "a model's weights, which its repository has only as a pickle",
}

app = typer.Typer(
    help="List or remove what is kept of data and models for the next run.",
    no_args_is_help=True,
)


@app.command(name="list")
def list_(
    json_output: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """List tokens, cut splits, overlaps, vocabularies and weights, those used last at first."""
    import json
    from dataclasses import asdict

    from t5tune.data.store.stored_files import list_stored
    from t5tune.files.cache_directory import user_cache_directory

    everything = list_stored()
    if json_output:
        rows = [{**asdict(stored), "path": str(stored.path)} for stored in everything]
        print_data(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for stored in everything:
        size = f"{stored.num_bytes / 1e6:,.1f} MB"
        what = stored.origin or WITHOUT_PLACE.get(stored.kind, "incomplete")
        days = (
            f"used {stored.days_unused:.0f} days ago" if stored.days_unused >= 1 else "used today"
        )
        num = f"{stored.num_examples:,} examples" if stored.kind not in WITHOUT_PLACE else ""
        print_text(
            f"{stored.path.name[:12]:12}  {stored.kind:10}  {size:>12}  "
            f"{num:>20}  {days:>18}  {what}"
        )
    total = sum(stored.num_bytes for stored in everything)
    print_text(f"{len(everything)} in {user_cache_directory()}, {total / 1e6:,.1f} MB in all")


@app.command()
def prune(
    days: Annotated[
        int, typer.Option(min=0, help="Keep what a run has used within this number of days.")
    ] = 30,
) -> None:
    """Remove what no run has used for some time.

    The next run that needs them reads its data, or the pickle of a model, again.
    """
    from t5tune.data.store.stored_files import list_stored, remove_stored

    removed = [
        stored for stored in list_stored() if stored.days_unused >= days and remove_stored(stored)
    ]
    total = sum(stored.num_bytes for stored in removed)
    print_text(f"{len(removed)} removed, {total / 1e6:,.1f} MB")
