"""Test every shipped recipe that names the hub, with a model and data on loopback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from t5tune.recipe.catalog import list_recipes
from t5tune.recipe.loading import load_recipe
from tests.conftest import RunCommand, number_pairs
from tests.hub.server import Hub
from tests.hub.shipped import QUICK_OVERRIDES, add_shipped

NAMES = [
    entry.name
    for entry in list_recipes()
    if load_recipe(entry.name).model.name is not None
    or load_recipe(entry.name).data.train.hub is not None
]
QUICK = ("wmt-en-de", "squad", "xsum")  # the other recipes are of the same kinds


# What comes of each repository. On the hub there are more configurations, splits, and weights for
# other libraries; docs/hub.md has this as a table.
T5 = [
    f"google-t5/t5-small/{path}"
    for path in (
        "config.json", "generation_config.json", "model.safetensors", "spiece.model",
        "tokenizer_config.json",
    )
]  # fmt: skip
BYT5 = [
    f"google/byt5-small/{path}"
    for path in (
        "config.json", "pytorch_model.bin", "special_tokens_map.json", "tokenizer_config.json",
    )
]  # fmt: skip
MT5 = [path.replace("byt5", "mt5") for path in BYT5] + ["google/mt5-small/spiece.model"]
WMT16 = ["wmt/wmt16/README.md"] + [
    f"wmt/wmt16/ro-en/{split}-00000-of-00001.parquet" for split in ("train", "validation", "test")
]
FILES = {
    "byt5-g2p": BYT5,
    "mt5-wmt-en-ro": [*MT5, *WMT16],
    "multi30k-en-de": [
        f"bentrevett/multi30k/{path}"
        for path in ("README.md", "train.jsonl", "val.jsonl", "test.jsonl")
    ],
    "opus-books-en-fr": [
        *T5,
        "Helsinki-NLP/opus_books/README.md",
        "Helsinki-NLP/opus_books/en-fr/train-00000-of-00001.parquet",
    ],
    "squad": [
        *T5,
        "rajpurkar/squad/README.md",
        "rajpurkar/squad/plain_text/train-00000-of-00001.parquet",
        "rajpurkar/squad/plain_text/validation-00000-of-00001.parquet",
    ],
    "wmt-en-de": [
        *T5,
        "wmt/wmt14/README.md",
        *(f"wmt/wmt14/de-en/train-0000{i}-of-00003.parquet" for i in range(3)),
        "wmt/wmt14/de-en/validation-00000-of-00001.parquet",
        "wmt/wmt14/de-en/test-00000-of-00001.parquet",
    ],
    "wmt-en-ro": [*T5, *WMT16],
    "xsum": [
        *T5,
        *(
            f"EdinburghNLP/xsum/default/{split}/0000.parquet"
            for split in ("train", "validation", "test")
        ),
    ],
}


def test_there_are_eight() -> None:
    assert len(NAMES) == 8
    assert sorted(FILES) == sorted(NAMES)


@pytest.mark.parametrize(
    "name",
    [name if name in QUICK else pytest.param(name, marks=pytest.mark.stress) for name in NAMES],
)
def test_it_trains_from_the_hub(
    hub_here: Hub, t5tune: RunCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    add_shipped(hub_here)
    monkeypatch.chdir(tmp_path)
    overrides = [*QUICK_OVERRIDES, *smaller(name, tmp_path)]
    result = t5tune("train", name, *overrides)
    assert result.code == 0, result.err
    assert "Generating" not in result.err
    assert "%|" not in result.err
    run = tmp_path / "runs" / name
    report = json.loads((run / "eval" / "test" / "report.json").read_text())
    assert report["num_examples"] == (3 if name == "opus-books-en-fr" else 6)  # the last 1 %
    resolved = yaml.safe_load((run / "recipe.yaml").read_text())
    model = resolved["model"].get("name")
    if model is not None:
        repository = hub_here.repositories["models", model]
        assert resolved["model"]["revision"] == repository.branches["main"]
    hub = resolved["data"]["train"].get("hub")
    if hub is not None:
        commits = hub_here.repositories["datasets", hub].branches
        branch = load_recipe(name).data.train.revision or "main"
        assert resolved["data"]["train"]["revision"] == commits[branch]
    came = files_that_came(hub_here)
    assert came == sorted(FILES[name])
    # A file takes two requests, a repository one, and the library asks one of its own.
    assert len(hub_here.requests) <= 2 * len(came) + 3
    # Warm, nothing comes, and the hub is only asked which commits the branches point to.
    hub_here.requests.clear()
    monkeypatch.setattr("t5tune.hub.snapshot._found", {})  # as in a new process
    result = t5tune("train", name, *overrides, "--restart")
    assert result.code == 0, result.err
    assert len(hub_here.requests) == (model is not None) + (hub is not None)
    assert files_that_came(hub_here) == []


def test_without_a_network_the_cache_is_enough_and_an_empty_one_is_not(
    hub_here: Hub, t5tune: RunCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_shipped(hub_here)
    monkeypatch.chdir(tmp_path)
    typed = ("train", "wmt-en-de", *QUICK_OVERRIDES)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    cold = t5tune(*typed)
    assert cold.code == 1
    assert (
        "error: model.name: the model google-t5/t5-small is not in the cache, and HF_HUB_OFFLINE "
        "keeps this command off the network.\ntry: HF_HUB_OFFLINE=0 and the same command again"
    ) in cold.err
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    assert t5tune(*typed, "--restart").code == 0
    hub_here.requests.clear()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("t5tune.hub.snapshot._found", {})  # as in a new process
    warm = t5tune(*typed, "--restart")
    assert warm.code == 0, warm.err
    assert not hub_here.requests


def files_that_came(hub: Hub) -> list[str]:
    """Return the downloaded files as OWNER/NAME/PATH, sorted."""
    paths = [path.partition("/resolve/") for path in hub.paths("GET") if "/resolve/" in path]
    return sorted(
        f"{repository.removeprefix('/datasets').strip('/')}/{rest.partition('/')[2]}"
        for repository, _, rest in paths
    )


def smaller(name: str, folder: Path) -> list[str]:
    """Return changes that make a recipe small enough for this test."""
    recipe = load_recipe(name)
    overrides = []
    if recipe.data.train.file is not None:  # only the model's recipe
        for split, num in (("train", 40), ("validation", 6), ("test", 6)):
            path = folder / f"{split}.tsv"
            rows = [f"{source}\t{target}\n" for source, target in number_pairs(num)]
            path.write_text("".join(rows), encoding="utf-8")
            overrides.append(f"data.{split}.file={path}")
    if recipe.model.from_scratch is not None:
        overrides += ["model.from_scratch.d_model=16", "model.from_scratch.d_ff=32"]
        overrides += ["model.from_scratch.num_layers=1", "model.from_scratch.num_heads=2"]
        overrides += ["model.from_scratch.tokenizer.vocab_size=80"]
    return overrides
