"""What people call the splits of their data."""

from __future__ import annotations

from collections.abc import Sequence

VALIDATION = ("validation", "valid", "val", "dev")
TEST = ("test",)


def name_splits(known: Sequence[str]) -> dict[str, str]:
    """Return the names of the splits of a data set by those of a recipe; `train` is one of them."""
    names = {"train": next((one for one in known if one.startswith("train")), known[0])}
    for split, words in (("validation", VALIDATION), ("test", TEST)):
        found = next((word for word in words if word in known and word != names["train"]), None)
        if found is not None:
            names[split] = found
    return names
