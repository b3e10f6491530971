"""New tokens in the tokenizer of a pretrained model.

Letters and words become pieces of the vocabulary, where the tokenizer finds them inside words.
Transformers' added tokens, before which texts are cut, would leave a space after each letter in
the families that use SentencePiece; they are for markers such as <formal>, and for languages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from unicodedata import combining, normalize

from transformers import AddedToken, PreTrainedTokenizerBase

from t5tune.data.side_encoding import has_own_targets
from t5tune.errors import T5TuneError, did_you_mean
from t5tune.files.writing import write_text
from t5tune.models.families import find_language_codes, is_byte_level
from t5tune.models.loading import load_tokenizer
from t5tune.recipe.places import join_names

_MARKER = re.compile(r"^[\W_].*[\W_]$", re.DOTALL)  # between brackets or the like: <formal>
_BEST = 0.0  # score of a piece: the logarithm of the highest probability
_USER_DEFINED = 4  # SentencePiece's type of pieces that are never split
_BLANKS = ("▁", "Ġ")  # pieces of a blank, SentencePiece's and of bytes
_KEY = "model.new_tokens"


def add_tokens(
    tokenizer: PreTrainedTokenizerBase, tokens: Sequence[str]
) -> PreTrainedTokenizerBase:
    """Return a tokenizer that also has some tokens, after all others.

    Raises:
        T5TuneError: The tokenizer cannot take one of them, or never finds it in a text.
    """
    if has_own_targets(tokenizer):
        raise _refuse(tokenizer, tokens, "no new tokens, because source and target have their own")
    first, known = find_next_id(tokenizer), tokenizer.get_vocab()
    markers = [token for token in tokens if _is_cut_out(tokenizer, token)]
    pieces = [token for token in tokens if token not in markers]
    if pieces:
        tokenizer = _add_pieces(tokenizer, pieces)
    # Not normalized: a marker stands in texts as it is written.
    tokenizer.add_tokens([AddedToken(marker, normalized=False) for marker in markers])
    if not known.items() <= tokenizer.get_vocab().items():
        raise _refuse(tokenizer, tokens, "no new pieces, because others would get other ids")
    for token in tokens:
        number = tokenizer.convert_tokens_to_ids(token)
        if number < first or number not in tokenizer(token)["input_ids"]:
            raise T5TuneError(
                f"{_KEY}: the tokenizer never finds {token!r} in a text; it reads it as "
                f"{' '.join(tokenizer.tokenize(token))!r}.",
                next_command=f"leave it out of {_KEY}, or write it as the tokenizer reads it",
            )
    return tokenizer


def add_language(
    tokenizer: PreTrainedTokenizerBase, code: str, like: str, *, as_source: bool
) -> None:
    """Add the token of a language to a multilingual tokenizer, where `like` has one.

    Args:
        tokenizer: Tokenizer, which is changed.
        code: Code of the new language.
        like: Language that it starts as.
        as_source: Whether it is the language of the sources.

    Raises:
        T5TuneError: The tokenizer has no tokens of languages, knows the new one or does not know
            its donor, or cannot be loaded with others than those of its class.
    """
    key, codes = "model.new_language", find_language_codes(tokenizer)
    kind = type(tokenizer).__name__.removesuffix("Tokenizer")
    in_table = f"{key}: Transformers has the languages of {kind} in a fixed table, and "
    others = "a model of NLLB or mBART (mbart-large-cc25)"
    if hasattr(tokenizer, "lang_code_to_token"):  # M2M100's
        raise T5TuneError(
            f"{in_table}does not load a tokenizer with another one.", next_command=others
        )
    if code in codes:
        raise T5TuneError(
            f"{key}.code: the model knows the language {code} already.",
            next_command=f"remove {key} from the recipe",
        )
    if like not in codes:
        raise T5TuneError(
            f"{key}.like: the model does not know the language {like}{did_you_mean(like, codes)}",
            next_command=f"use one of the model's codes: {', '.join(sorted(codes)[:12])} …",
        )
    if "_" not in code:
        raise T5TuneError(
            f"{key}.code: the codes of this model have the form {next(iter(sorted(codes)))}, and "
            f"{code} does not.",
            next_command=f"correct {key}.code and the language at the top of the recipe",
        )
    token = AddedToken(code, special=True, normalized=False)
    tokenizer.add_special_tokens(
        {"extra_special_tokens": [token]}, replace_extra_special_tokens=False
    )
    if not _accepts(tokenizer, "src_lang" if as_source else "tgt_lang", code):
        raise T5TuneError(
            f"{in_table}does not load a tokenizer whose sources are in another one; targets may "
            "be.",
            next_command=f"{others}, or one that translates into {code}",
        )


def _accepts(tokenizer: PreTrainedTokenizerBase, side: str, code: str) -> bool:
    """Return whether a tokenizer can have a language on a side, and be loaded with it."""
    before = getattr(tokenizer, side)
    try:
        setattr(tokenizer, side, code)
        with TemporaryDirectory() as directory:
            tokenizer.save_pretrained(directory)
            type(tokenizer).from_pretrained(directory)
    except KeyError:
        return False
    setattr(tokenizer, side, before)
    return True


def find_next_id(tokenizer: PreTrainedTokenizerBase) -> int:
    """Return the id that the next new token gets."""
    return int(max(tokenizer.get_vocab().values())) + 1


def _is_cut_out(tokenizer: PreTrainedTokenizerBase, token: str) -> bool:
    """Return whether a token is cut out of texts first: a marker, or any where bytes are tokens."""
    if len(token) > 1 and _MARKER.match(token):
        return True
    backend = getattr(tokenizer, "backend_tokenizer", None)
    return is_byte_level(tokenizer) or (backend is not None and '"ByteLevel"' in backend.to_str())


def _add_pieces(
    tokenizer: PreTrainedTokenizerBase, pieces: Sequence[str]
) -> PreTrainedTokenizerBase:
    """Return the tokenizer with pieces in its files, from which it is loaded again."""
    with TemporaryDirectory() as name:
        directory = Path(name)
        tokenizer.save_pretrained(directory)
        if (directory / "tokenizer.json").is_file():
            _edit_backend(tokenizer, directory / "tokenizer.json", pieces)
        elif (directory / "source.spm").is_file():
            _edit_marian(tokenizer, directory, pieces)
        else:
            raise _refuse(tokenizer, pieces, "no new pieces")
        extended = load_tokenizer(name)
    extended.name_or_path = tokenizer.name_or_path
    return extended


def _refuse(tokenizer: PreTrainedTokenizerBase, pieces: Sequence[str], what: str) -> T5TuneError:
    kind = type(tokenizer).__name__
    return T5TuneError(
        f"{_KEY}: a tokenizer of the kind {kind} takes {what}: {join_names(list(pieces))}.",
        next_command=f"leave them out of {_KEY}; markers such as <formal> are possible",
    )


def _edit_backend(tokenizer: PreTrainedTokenizerBase, path: Path, pieces: Sequence[str]) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    model, first = content["model"], find_next_id(tokenizer)
    vocabulary = model["vocab"]
    if model["type"] == "BPE" and (longer := [piece for piece in pieces if len(piece) > 1]):
        raise _refuse(tokenizer, longer, "new pieces of one character only")
    # Added tokens that lie after the vocabulary, as NLLB's languages do, become part of it: loading
    # would count on from its new end, and give them other ids.
    start = len(vocabulary)
    new = [*tokenizer.convert_ids_to_tokens(list(range(start, first))), *pieces]
    if model["type"] == "Unigram":  # ids are places in the list
        vocabulary += [[piece, _BEST] for piece in new]
    else:
        vocabulary.update({piece: start + number for number, piece in enumerate(new)})
    write_text(path, json.dumps(content, ensure_ascii=False))


def _edit_marian(
    tokenizer: PreTrainedTokenizerBase, directory: Path, pieces: Sequence[str]
) -> None:
    from sentencepiece.sentencepiece_model_pb2 import ModelProto

    path, first = directory / "vocab.json", find_next_id(tokenizer)
    vocabulary = json.loads(path.read_text(encoding="utf-8"))
    vocabulary.update({piece: first + number for number, piece in enumerate(pieces)})
    write_text(path, json.dumps(vocabulary, ensure_ascii=False))
    for name in ("source.spm", "target.spm"):
        model = ModelProto.FromString((directory / name).read_bytes())
        for piece in pieces:
            model.pieces.add(piece=piece, score=_BEST, type=_USER_DEFINED)
        (directory / name).write_bytes(model.SerializeToString())


def find_parts(tokenizer: PreTrainedTokenizerBase, token: str) -> list[int]:
    """Return the ids of the pieces that a tokenizer splits a token into, without unknown ones.

    Of a letter that it does not know, those of the letter without its accents.
    """
    plain = "".join(letter for letter in normalize("NFKD", token) if not combining(letter))
    for text in (token, plain):
        if ids := _known_parts(tokenizer, text):
            return ids
    return []


def _known_parts(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    ids: list[int] = tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
    others = (tokenizer.unk_token, *_BLANKS)
    return [i for i in ids if tokenizer.convert_ids_to_tokens(i) not in others]
