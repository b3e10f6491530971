"""Tokenizers of models from scratch: learned from the training data, or existing ones."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterable, Sequence
from itertools import chain, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from t5tune.errors import T5TuneError
from t5tune.files.writing import write_text
from t5tune.models.loading import load_tokenizer
from t5tune.models.vocabulary_sizes import SPECIAL_TOKENS, check_vocabulary_size

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from t5tune.recipe.sections.from_scratch_section import TokenizerSection

# SentencePiece holds all its texts in memory: of more of them it gets each second, third, ...
MOST_TEXTS = 2_000_000
_FILES_OF_MARIAN = {
    "source_spm": "source.spm", "target_spm": "target.spm",
    "vocab": "vocab.json", "target_vocab_file": "target_vocab.json",
}  # fmt: skip
SPACE = "▁"  # stands for the blank before a word, as in SentencePiece


def build_tokenizer(
    section: TokenizerSection,
    sources: Iterable[str],
    targets: Iterable[str],
    *,
    revision: str | None = None,
) -> PreTrainedTokenizerBase:
    """Build the tokenizer of a new model from its training data, or load an existing one.

    The texts are read several times.

    Raises:
        T5TuneError: An existing tokenizer cannot be loaded, or the training text does not
            allow a vocabulary of that size.
    """
    from transformers import ByT5Tokenizer

    if section.name is not None:
        return load_tokenizer(section.name, revision=revision)
    if section.type == "bytes":
        return ByT5Tokenizer(extra_ids=0)
    if section.separate_vocabs:
        return _learn_two_vocabularies(sources, targets, section)
    if section.type in ("unigram", "bpe"):
        return _learn_subwords((sources, targets), section)
    if section.type == "words":
        return _fixed_vocabulary(set(), _words(chain(sources, targets)))
    if section.whole_target_words:
        return _fixed_vocabulary(_characters(sources), _words(targets))
    return _fixed_vocabulary(_characters(chain(sources, targets)), set())


def _characters(texts: Iterable[str]) -> set[str]:
    return {character for text in texts for character in text}


def _words(texts: Iterable[str]) -> set[str]:
    return {word for text in texts for word in text.split()}


def _learn_subwords(
    sides: Sequence[Iterable[str]], section: TokenizerSection
) -> PreTrainedTokenizerBase:
    """Learn a subword vocabulary for a fast tokenizer, which any program can load."""
    import sentencepiece
    from transformers import T5Tokenizer

    model = sentencepiece.SentencePieceProcessor(model_proto=_learn_pieces(sides, section))
    pieces = [model.id_to_piece(i) for i in range(len(model))]
    if section.type == "bpe":
        return _merge_pairs(pieces)
    scores = [model.get_score(i) for i in range(len(model))]
    return T5Tokenizer(vocab=list(zip(pieces, scores, strict=True)), extra_ids=0)


def _learn_two_vocabularies(
    sources: Iterable[str], targets: Iterable[str], section: TokenizerSection
) -> PreTrainedTokenizerBase:
    """Learn a subword vocabulary for each side, for the one class that can have two.

    It has SentencePiece's own treatment of the texts around the pieces, which is made to be that of
    the others: every kind of white space is a blank.
    """
    import sentencepiece
    from transformers import MarianTokenizer

    blanks = (code for code in range(sys.maxunicode + 1) if chr(code).isspace())
    with TemporaryDirectory() as name:
        directory = Path(name)
        files = {part: str(directory / file) for part, file in _FILES_OF_MARIAN.items()}
        rules = directory / "white_space.tsv"
        write_text(rules, "".join(f"{code:X}\t20\n" for code in blanks if chr(code) != " "))
        for texts, model_file, vocabulary_file in (
            (sources, files["source_spm"], files["vocab"]),
            (targets, files["target_spm"], files["target_vocab_file"]),
        ):
            trained = _learn_pieces([texts], section, normalization_rule_tsv=str(rules))
            model = sentencepiece.SentencePieceProcessor(model_proto=trained)
            Path(model_file).write_bytes(trained)
            ids = {model.id_to_piece(number): number for number in range(len(model))}
            write_text(Path(vocabulary_file), json.dumps(ids, ensure_ascii=False))
        return MarianTokenizer(**files, separate_vocabs=True)


def _learn_pieces(
    sides: Sequence[Iterable[str]], section: TokenizerSection, **settings: Any
) -> bytes:
    """Learn a SentencePiece model, unigram (Kudo 2018) or byte pairs (Sennrich et al. 2016).

    SentencePiece runs on one thread, which takes seconds: the trainer of `tokenizers` gives
    different scores, and different pieces where scores tie, each time it runs (version 0.23, one
    thread or several).
    """
    import sentencepiece

    vocab_size = section.vocab_size
    num_texts = check_vocabulary_size(chain(*sides), vocab_size)
    texts = islice(chain(*sides), 0, None, -(-num_texts // MOST_TEXTS) or 1)
    trained = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=(" ".join(text.split()) for text in texts),
            model_writer=trained,
            model_type=section.type,
            vocab_size=vocab_size,
            hard_vocab_limit=False,  # a text with fewer pieces gets as many as it has
            character_coverage=1.0,
            # Like T5's tokenizer: it splits at white space and does not normalize.
            **(settings or {"normalization_rule_name": "identity"}),
            split_by_unicode_script=False,
            split_by_number=False,
            pad_id=0,
            eos_id=1,
            unk_id=2,
            bos_id=-1,
            num_threads=1,
            max_sentence_length=1 << 30,  # in bytes; longer texts would be left out
            minloglevel=2,  # log errors only
        )
    except RuntimeError as error:
        raise T5TuneError(
            f"model.from_scratch.tokenizer: no vocabulary of {vocab_size} pieces could be learned "
            f"from the training text: {error}",
            next_command="model.from_scratch.tokenizer.type=bytes   # or another vocab_size",
        ) from error
    return trained.getvalue()


def _merge_pairs(pieces: Sequence[str]) -> PreTrainedTokenizerBase:
    """Build a fast tokenizer that merges as SentencePiece does: what it learned first comes first.

    It treats the texts around the merges as T5's tokenizer does.
    """
    from tokenizers import Tokenizer
    from tokenizers.models import BPE
    from transformers import PreTrainedTokenizerFast, T5Tokenizer

    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    merges = [
        (piece[:i], piece[i:])
        for piece in pieces[len(SPECIAL_TOKENS) :]
        for i in range(1, len(piece))
        if piece[:i] in vocabulary and piece[i:] in vocabulary
    ]
    pad, end, unknown = SPECIAL_TOKENS
    frame = T5Tokenizer(extra_ids=0).backend_tokenizer
    merging = Tokenizer(BPE(vocab=vocabulary, merges=merges, unk_token=unknown, fuse_unk=True))
    merging.pre_tokenizer = frame.pre_tokenizer
    merging.decoder = frame.decoder
    merging.post_processor = frame.post_processor
    return PreTrainedTokenizerFast(
        tokenizer_object=merging, pad_token=pad, eos_token=end, unk_token=unknown
    )


def _fixed_vocabulary(characters: set[str], words: set[str]) -> PreTrainedTokenizerBase:
    """Build a tokenizer of known words; other words are split into characters.

    A unigram model takes the segmentation with the highest score, so a word (-1)
    beats its characters (-10 each).
    """
    from transformers import T5Tokenizer

    vocabulary = [(token, 0.0) for token in SPECIAL_TOKENS]
    known = sorted(c for c in characters if not c.isspace() and c != SPACE)
    if known or SPACE in characters:
        vocabulary += [(character, -10.0) for character in (SPACE, *known)]
    vocabulary += [(SPACE + word, -1.0) for word in sorted(words)]
    return T5Tokenizer(vocab=vocabulary, extra_ids=0)
