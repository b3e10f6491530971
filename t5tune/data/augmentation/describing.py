"""What augmentation has done, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from t5tune.data.store.store_manifest import StoreManifest


def describe_augmentation(manifest: StoreManifest) -> Iterator[str]:
    """Describe how many examples of a store each kind has changed; nothing without augmentation."""
    facts = manifest.augmentation
    if facts is None:
        return
    num, rounds = manifest.num_examples * manifest.num_rounds, manifest.num_rounds
    shares = ", ".join(
        f"{name} {100 * count / num:.1f}%" for name, count in facts["changed"].items()
    )
    variants = f"{rounds} rounds" if rounds > 1 else "1 round"
    yield f"augmented in {variants}, {num:,} examples in all, of which changed: {shares or 'none'}"
    if facts["too_long"]:
        yield (
            f"{facts['too_long']:,} augmented examples would have been longer than "
            "data.max_source_length or data.max_target_length and stay as they are"
        )
