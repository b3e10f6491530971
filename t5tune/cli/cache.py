"""`t5tune cache`: what the cache holds of tokenized training data, and how it is made smaller."""

from __future__ import annotations

from typing import Annotated

import typer

from t5tune.cli.results import print_data, print_text

app = typer.Typer(
    help="List or remove tokenized training data, which is kept for the next run.",
    no_args_is_help=True,
)


@app.command(name="list")
def list_(
    json_output: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """List the tokenized training data, the data used last at first."""
    import json
    from dataclasses import asdict

    from t5tune.data.store.store_manifest import stores_directory
    from t5tune.data.store.stored_files import list_stores

    stores = list_stores()
    if json_output:
        rows = [{**asdict(store), "directory": str(store.directory)} for store in stores]
        print_data(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for store in stores:
        size = f"{store.num_bytes / 1e6:,.1f} MB"
        what = store.origin or "incomplete"
        days = f"used {store.days_unused:.0f} days ago" if store.days_unused >= 1 else "used today"
        print_text(
            f"{store.directory.name[:12]:12}  {size:>12}  {store.num_examples:>11,} examples  "
            f"{days:>18}  {what}"
        )
    total = sum(store.num_bytes for store in stores)
    print_text(f"{len(stores)} in {stores_directory()}, {total / 1e6:,.1f} MB in all")


@app.command()
def prune(
    days: Annotated[
        int, typer.Option(min=0, help="Keep what a run has used within this number of days.")
    ] = 30,
) -> None:
    """Remove tokenized training data that no run has used for some time.

    The next run that needs it tokenizes its data again. Nothing else is lost.
    """
    from t5tune.data.store.stored_files import list_stores, remove_store

    removed = [
        store for store in list_stores() if store.days_unused >= days and remove_store(store)
    ]
    total = sum(store.num_bytes for store in removed)
    print_text(f"{len(removed)} removed, {total / 1e6:,.1f} MB")
