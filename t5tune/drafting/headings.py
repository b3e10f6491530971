"""Whether the first row of a table has the names of its columns."""

from __future__ import annotations

from collections.abc import Sequence

from t5tune.drafting.language_names import read_language
from t5tune.drafting.usual_columns import is_usual

_LONGEST_HEADING = 40  # characters
_MOST_HEADING_WORDS = 4
_LONGEST_SYMBOL = 4  # characters
_MOST_TITLES = 5  # rows
_MANY_SEQUENCES = 0.5  # share of the cells that are several symbols


def count_titles(rows: Sequence[Sequence[str]]) -> tuple[int, int]:
    """Return the numbers of titles, rows with one cell, and of blank rows above a table."""
    num_filled = [sum(map(bool, map(str.strip, row))) for row in rows[: _MOST_TITLES + 1]]
    begin = next((place for place, num in enumerate(num_filled) if num > 1), 0)
    num_titles = sum(num_filled[:begin])
    return (num_titles, begin - num_titles) if num_titles else (0, 0)


def names_alike(row: Sequence[str]) -> bool:
    """Return whether a row has the names of columns, two of them the same: nobody can use them."""
    named = [cell.strip() for cell in row if cell.strip()]
    known = [cell for cell in named if is_usual(cell) or read_language(cell) is not None]
    return len(set(named)) < len(named) == len(known)


def judge_first_row(rows: Sequence[Sequence[str]]) -> tuple[bool, str]:
    """Return whether the first row has the names of columns, and why."""
    first, others = [cell.strip() for cell in rows[0]], rows[1:]
    known = [cell for cell in first if is_usual(cell) or read_language(cell) is not None]
    named = [cell for cell in first if cell]  # sheets are often saved with blank columns
    if len(set(named)) < len(named) or not named:
        return False, "the first row is an example: two of its cells are the same"
    if len(known) > 1 or any(len(cell) > 2 for cell in known):  # `no` may be a word
        return True, f"the first row has names of columns, such as {known[0]}"
    if not others:
        return False, "there is one row, and none of its cells is a usual name of a column"
    are_short = all(
        len(cell) <= _LONGEST_HEADING and len(cell.split()) <= _MOST_HEADING_WORDS for cell in first
    )
    if are_short and _are_longer(first, others):
        return True, "the cells of the first row are short, unlike those below"
    for place, cell in enumerate(first):
        if _names_symbols(cell, [row[place] for row in others if place < len(row)]):
            return True, f"the column {cell} has short symbols, and its first cell is a word"
    return False, "the first row is like the others, and none of its cells is a usual name"


def _names_symbols(first: str, below: Sequence[str]) -> bool:
    """Return whether a cell is a word over sequences of short symbols, such as phones."""
    symbols = [cell.split() for cell in below]
    longest = max((len(symbol) for row in symbols for symbol in row), default=0)
    is_sequences = sum(len(row) > 1 for row in symbols) > _MANY_SEQUENCES * len(symbols)
    return is_sequences and longest <= _LONGEST_SYMBOL and len(first) > longest and first.isalpha()


def _are_longer(first: Sequence[str], others: Sequence[Sequence[str]]) -> bool:
    """Return whether texts below are much longer than the first row, in every long column."""
    means = [
        sum(len(row[place]) for row in others if place < len(row)) / len(others)
        for place in range(len(first))
    ]
    longest = sorted(range(len(first)), key=lambda place: -means[place])[:2]
    return all(means[place] >= 3 * max(4, len(first[place])) for place in longest)
