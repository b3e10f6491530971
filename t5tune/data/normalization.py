"""The form in which two texts are the same."""

from __future__ import annotations

import unicodedata


def normalize_text(text: str) -> str:
    """Normalize white space to one space between words, and compose characters."""
    plain = " ".join(text.split())
    return plain if plain.isascii() else unicodedata.normalize("NFC", plain)
