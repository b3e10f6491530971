"""The encoding of text that is not UTF-8, by its script."""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path

from t5tune.errors import T5TuneError
from t5tune.files.compression import open_content
from t5tune.scoring.language_identity import SURE, identify_language

USUAL = "cp1252"
LANGUAGES = {  # that old programs write in an encoding other than the usual one
    "cp1250": "bs cs hr hu pl ro sk sl", "cp1251": "be bg mk ru uk", "cp1253": "el",
    "cp1254": "tr az", "cp1255": "he", "cp1256": "ar fa ur", "cp1257": "lt lv", "cp874": "th",
    "cp932": "ja", "cp949": "ko", "gb18030": "zh",
}  # fmt: skip
_CYRILLIC = LANGUAGES["cp1251"] + " sr"  # Serbian is written in Latin letters as well
# The languages of one or two encodings of each script. Those of languages in Latin letters differ
# from the usual one in a few letters only, and the language tells them better than the bytes do.
_OF_OTHER_SCRIPTS = {
    **{page: LANGUAGES[page] for page in ("cp1253", "cp1256", "cp874", "cp932", "cp949")},
    "cp1251": _CYRILLIC, "koi8_r": _CYRILLIC, "cp1255": LANGUAGES["cp1255"] + " yi",
    "euc_jp": LANGUAGES["cp932"], "gb18030": LANGUAGES["gb18030"], "big5": LANGUAGES["gb18030"],
}  # fmt: skip
_MOST_LINES = 200
_LONGEST_LINE = 2000  # bytes


def guess_encoding(path: Path) -> str:
    """Return the encoding that the text of a file is most likely in.

    Args:
        path: Path of a text file that is not UTF-8.

    Returns:
        The usual one of Western Europe unless the bytes are none of its texts.

    Raises:
        T5TuneError: The file cannot be read.
    """
    from charset_normalizer import from_bytes

    with open_content(path) as stream:
        foreign = (line[:_LONGEST_LINE] for line in stream if not line.isascii())
        sample = b"".join(islice(foreign, _MOST_LINES))
    found = from_bytes(sample, cp_isolation=[USUAL, *_OF_OTHER_SCRIPTS], preemptive_behaviour=False)
    names = [match.encoding for match in found]
    if USUAL in names or not names:
        return USUAL
    return next((name for name in names if _fits(sample, name)), names[0])


def _fits(sample: bytes, encoding: str) -> bool:
    """Return whether bytes read in an encoding are surely in one of its languages."""
    text = "".join(
        sign if not sign.isascii() else " " for sign in sample.decode(encoding, "replace")
    )
    language, probability = identify_language(re.sub(" +", " ", text))
    return language in _OF_OTHER_SCRIPTS[encoding].split() and probability >= SURE


def refuse_unknown(path: str, error: T5TuneError) -> T5TuneError:
    """Return the error for a file whose encoding was not recognized."""
    return T5TuneError(
        f"The encoding of {path} is not recognized: {error.message}",
        next_command=f"t5tune init {path} --encoding NAME   # as Python calls it, such as cp932",
    )
