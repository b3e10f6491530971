"""The token stores of a run: one for each entry of its training data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from t5tune.data.encoding import EncodedDataset, join_datasets
from t5tune.data.store.token_store import TokenStore


@dataclass(frozen=True)
class TrainingStores:
    """Complete stores.

    Attributes:
        by_key: Stores by the keys of the entries, such as `train` or `train[0]`. Entries with the
            same tokens have the same store.
    """

    by_key: Mapping[str, TokenStore]

    def is_here(self) -> bool:
        """Return whether this process can see the stores."""
        return all(store.is_here() for store in self.by_key.values())

    def open(self) -> EncodedDataset:
        """Return the examples of all entries; their ids stay on the disk until they are used."""
        opened = {store.directory: store.open() for store in self.by_key.values()}
        return join_datasets([opened[store.directory] for store in self.by_key.values()])

    def count_examples(self) -> dict[str, int]:
        """Return the number of examples of each entry, in one round."""
        return {key: store.manifest.num_examples for key, store in self.by_key.items()}
