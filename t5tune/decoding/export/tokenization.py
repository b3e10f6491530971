"""Tokenization without Transformers, with exactly the results of its tokenizers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from t5tune.data.truncation import count_added_at_end

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerBase

_LANGUAGE_CODE = re.compile(">>.*?<<", re.DOTALL)  # at the start of a text for Marian
BYTES_OFFSET = 3  # ByT5: byte b is token b + 3, after pad, end of sequence and unknown
Around = tuple[Sequence[int], Sequence[int]]  # tokens before and after a text


class Tokenization(Protocol):
    """The tokenizer of one exported model: it encodes both sides and decodes targets."""

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Return token ids with the special tokens around them, uncut."""
        ...

    def decode(self, rows: Sequence[Sequence[int]]) -> list[str]:
        """Return texts without special tokens."""
        ...

    def encode_targets(self, texts: Sequence[str]) -> list[list[int]]:
        """Return token ids of targets without special tokens around them, uncut."""
        ...

    def surround(self, before: Sequence[int], after: Sequence[int]) -> None:
        """Put these tokens around every source from now on, as other languages need them."""
        ...


def _put_around(rows: Sequence[Sequence[int]], around: Around) -> list[list[int]]:
    before, after = around
    return [[*before, *ids, *after] for ids in rows]


class FastTokenization:
    """A `tokenizer.json`, read by the library behind Transformers' fast tokenizers."""

    def __init__(self, directory: Path) -> None:
        from tokenizers import Tokenizer

        self._tokenizer: Tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
        self._around: Around | None = None  # its own special tokens

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        if self._around is not None:
            return _put_around(self.encode_targets(texts), self._around)
        return [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]

    def surround(self, before: Sequence[int], after: Sequence[int]) -> None:
        self._around = before, after

    def encode_targets(self, texts: Sequence[str]) -> list[list[int]]:
        encoded = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [encoding.ids for encoding in encoded]

    def decode(self, rows: Sequence[Sequence[int]]) -> list[str]:
        return list(self._tokenizer.decode_batch([list(row) for row in rows]))


class PieceTokenization:
    """A tokenization that cuts added tokens out first and encodes the text between them.

    Args:
        settings: Result of `describe_slow_tokenizer`.
        encode_piece: Function from a text without added tokens to token ids.
        decode_ids: Function from token ids, without special ones, to text.
        encode_target_piece: The same for targets, if their pieces are others.
    """

    def __init__(
        self,
        settings: dict[str, Any],
        encode_piece: Callable[[str], list[int]],
        decode_ids: Callable[[list[int]], str],
        encode_target_piece: Callable[[str], list[int]] | None = None,
    ) -> None:
        added: list[dict[str, Any]] = settings["added_tokens"]
        self._before: list[int] = settings["before"]
        self._after: list[int] = settings["after"]
        self._ends_once: bool = settings["ends_once"]
        self._ids: dict[str, int] = {token["content"]: token["id"] for token in added}
        self._special = {token["id"] for token in added if token["special"]}
        self._encode_piece = encode_piece
        self._encode_target_piece = encode_target_piece or encode_piece
        self._decode_ids = decode_ids
        longest_first = sorted(added, key=lambda token: -len(token["content"]))
        alternatives = (
            (r"\s*" if token["lstrip"] else "")
            + f"({re.escape(token['content'])})"
            + (r"\s*" if token["rstrip"] else "")
            for token in longest_first
        )
        self._pattern = re.compile("|".join(alternatives))

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        return [self._surround(self._encode_text(text, self._encode_piece)) for text in texts]

    def encode_targets(self, texts: Sequence[str]) -> list[list[int]]:
        return [self._encode_text(text, self._encode_target_piece) for text in texts]

    def surround(self, before: Sequence[int], after: Sequence[int]) -> None:
        self._before, self._after = list(before), list(after)

    def _surround(self, ids: list[int]) -> list[int]:
        if self._ends_once and ids[-len(self._after) :] == self._after:
            return [*self._before, *ids]
        return [*self._before, *ids, *self._after]

    def _encode_text(self, text: str, encode_piece: Callable[[str], list[int]]) -> list[int]:
        ids: list[int] = []
        start = 0
        for match in self._pattern.finditer(text):
            if match.start() > start:
                ids += encode_piece(text[start : match.start()])
            ids.append(self._ids[match[match.lastindex or 0]])
            start = match.end()
        if start < len(text):
            ids += encode_piece(text[start:])
        return ids

    def decode(self, rows: Sequence[Sequence[int]]) -> list[str]:
        return [self._decode_ids([i for i in row if i not in self._special]) for row in rows]


def _bytes(settings: dict[str, Any]) -> Tokenization:
    """Return the tokenization of ByT5: every byte of the UTF-8 text is a token."""

    def decode(ids: list[int]) -> str:
        values = bytes(i - BYTES_OFFSET for i in ids if BYTES_OFFSET <= i < BYTES_OFFSET + 256)
        return values.decode("utf-8", errors="ignore")

    return PieceTokenization(
        settings, lambda text: [byte + BYTES_OFFSET for byte in text.encode()], decode
    )


def _sentencepiece(directory: Path, settings: dict[str, Any]) -> Tokenization:
    """Return the tokenization of Marian and M2M100: SentencePiece pieces with ids of their own."""
    from sentencepiece import SentencePieceProcessor

    processor = SentencePieceProcessor(model_file=str(directory / settings["model_file"]))
    vocabulary = _read_vocabulary(directory / settings["vocabulary_file"])
    unknown: int = settings["unknown"]

    def encode_with(own: SentencePieceProcessor, ids: dict[str, int], text: str) -> list[int]:
        found: list[str] = []
        if settings["has_codes"] and (code := _LANGUAGE_CODE.match(text)):
            found.append(code[0])
            text = text[code.end() :]
        found += own.encode(text, out_type=str)
        return [ids.get(piece, unknown) for piece in found]

    encode = partial(encode_with, processor, vocabulary)
    encode_target = None
    of_targets, target_vocabulary = processor, vocabulary
    if (file := settings.get("target_model_file")) is not None:
        of_targets = SentencePieceProcessor(model_file=str(directory / file))
        if (file := settings.get("target_vocabulary_file")) is not None:
            target_vocabulary = _read_vocabulary(directory / file)
        encode_target = partial(encode_with, of_targets, target_vocabulary)
    # Marian spells outputs with the pieces of sources where both sides share a vocabulary.
    spelling = processor if target_vocabulary is vocabulary else of_targets
    pieces = {number: piece for piece, number in target_vocabulary.items()}
    pieces.update((int(number), token) for number, token in settings["languages"].items())

    def decode(ids: list[int]) -> str:
        text: str = spelling.decode_pieces([pieces[i] for i in ids if i in pieces])
        return text.replace("▁", " ").strip()

    return PieceTokenization(settings, encode, decode, encode_target)


def _read_vocabulary(path: Path) -> dict[str, int]:
    vocabulary: dict[str, int] = json.loads(path.read_text(encoding="utf-8"))
    return vocabulary


class TransformersTokenization:
    """Any tokenizer of Transformers."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer
        self._around: Around | None = None  # its own special tokens

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        if not texts:
            return []
        around = self._around
        found: list[list[int]] = self._tokenizer(
            list(texts), add_special_tokens=around is None, verbose=False
        )["input_ids"]
        return found if around is None else _put_around(found, around)

    def surround(self, before: Sequence[int], after: Sequence[int]) -> None:
        self._around = before, after

    def encode_targets(self, texts: Sequence[str]) -> list[list[int]]:
        if not texts:
            return []
        found: list[list[int]] = self._tokenizer(
            text_target=list(texts), add_special_tokens=False, verbose=False
        )["input_ids"]
        return found

    def decode(self, rows: Sequence[Sequence[int]]) -> list[str]:
        decoded: list[str] = self._tokenizer.batch_decode(
            [list(row) for row in rows],
            skip_special_tokens=True,
            clean_up_tokenization_spaces=False,
        )
        return decoded


def _transformers(directory: Path, settings: dict[str, Any]) -> Tokenization:
    """Return the tokenization of any model; importing the library takes most of a second."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(directory), trust_remote_code=False)
    for key, language in settings["languages"].items():
        setattr(tokenizer, key, language)
    return TransformersTokenization(tokenizer)


_KINDS: dict[str, Callable[[Path, dict[str, Any]], Tokenization]] = {
    "tokenizers": lambda directory, _: FastTokenization(directory),
    "bytes": lambda _, settings: _bytes(settings),
    "sentencepiece": _sentencepiece,
    "transformers": _transformers,
}


def load_tokenization(directory: Path, settings: dict[str, Any]) -> Tokenization:
    """Return the tokenizer of an export, whose settings `write_tokenization` has returned."""
    return _KINDS[settings["kind"]](directory, settings)


def write_transformers(tokenizer: PreTrainedTokenizerBase, directory: Path) -> dict[str, Any]:
    """Store a tokenizer that needs Transformers. Returns what `write_tokenization` does."""
    tokenizer.save_pretrained(directory)
    languages = {key: getattr(tokenizer, key, None) for key in ("src_lang", "tgt_lang")}
    return {
        "kind": "transformers",
        "languages": {key: language for key, language in languages.items() if language},
    }


def find_around(tokenization: Tokenization) -> Around:
    """Return the tokens that a tokenizer puts before and after every source."""
    (nothing,) = tokenization.encode([""])
    place = len(nothing) - count_added_at_end(tokenization.encode)
    return nothing[:place], nothing[place:]
