"""The form in which two texts are the same."""

from __future__ import annotations

import unicodedata


def normalize_text(text: str) -> str:
    """Normalize white space to one space between words, and compose characters."""
    # The space is the only white space that is printable: most texts need no split.
    if not text.isprintable() or "  " in text or text[:1] == " " or text[-1:] == " ":
        text = " ".join(text.split())
    return text if text.isascii() else unicodedata.normalize("NFC", text)
