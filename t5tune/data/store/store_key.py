"""The key of a token store: everything that decides which tokens training sees."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from t5tune.data.side_encoding import encode_side
from t5tune.files.cache_directory import name_in_cache
from t5tune.files.hashing import digest_file

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

VERSION = 1  # of the files and of the way from texts to tokens; another one makes other stores
LIBRARIES = ("tokenizers", "transformers", "sentencepiece")
# Texts whose tokens show what a tokenizer adds, lowercases, normalizes and knows as special.
_PROBES = ("", "a", " An  ÉLAN of 12,345 naïve ☃\u00a0你好\u2028lines </s> <unk>\t.")


@dataclass(frozen=True)
class StoreKey:
    """What decides the content of a store.

    Attributes:
        data: Identity of the examples: digests of files or the commit of a hub data set, with the
            keys of the recipe that choose rows and columns.
        tokenizer: Digest from `digest_tokenizer`.
        prefix: Text before every source.
        max_source_length: Number of tokens to which sources are cut.
        max_target_length: Number of tokens to which targets are cut.
        augmentation: What decides the rounds of augmented examples; None without augmentation.
    """

    data: Mapping[str, Any]
    tokenizer: str
    prefix: str
    max_source_length: int
    max_target_length: int
    augmentation: Mapping[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the JSON values that the digest is computed from."""
        libraries = {name: version(name) for name in LIBRARIES}
        values = asdict(self)
        if self.augmentation is None:
            del values["augmentation"]
        return {"version": VERSION, **values, "libraries": libraries}

    def digest(self) -> str:
        """Return the name of the store's directory: 32 hexadecimal digits."""
        return name_in_cache(self.to_json())


def digest_tokenizer(tokenizer: PreTrainedTokenizerBase) -> str:
    """Return the SHA-256 over what decides the tokens of a text.

    It is the same for a tokenizer and its copy in a checkpoint, whose tokenizer_config.json
    differs in keys that decide nothing.
    """
    with TemporaryDirectory() as directory:
        tokenizer.save_pretrained(directory)
        files = {
            path.name: digest_file(path)
            for path in sorted(Path(directory).iterdir())
            if path.name != "tokenizer_config.json"
        }
    probes = [
        encode_side(list(_PROBES), tokenizer, as_target=as_target) for as_target in (False, True)
    ]
    added = sorted(tokenizer.get_added_vocab().items())
    parts = [type(tokenizer).__name__, files, added, probes]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
