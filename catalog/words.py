# SPDX-License-Identifier: Apache-2.0
"""Words as they are searched: folded (no case, no accents) and stemmed in French and English. Index and query use this one module.

The version below is kept in the database: an index made with another stemmer gives silent zero hits.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache

import snowballstemmer

VERSION = "1"
_TOKEN = re.compile(r"[0-9a-z]+")
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss", "’": " ", "'": " "})
_STEMMERS = {"f": snowballstemmer.stemmer("french"), "e": snowballstemmer.stemmer("english")}
_STOP = frozenset(
    [
        *[
            "a",
            "au",
            "aux",
            "avec",
            "ce",
            "de",
            "des",
            "du",
            "en",
            "et",
            "il",
            "la",
            "le",
            "les",
            "ou",
            "par",
            "pas",
            "pour",
            "que",
            "qui",
            "sur",
            "un",
            "une",
            "d",
            "l",
            "s",
        ],
        *["the", "of", "and", "or", "in", "on", "at", "by", "for", "to", "with", "is", "as", "an"],
    ]
)


def fold(text: str) -> str:
    """Lower case, no accents, no ligatures."""
    plain = unicodedata.normalize("NFKD", text.lower().translate(_LIGATURES))
    return plain if plain.isascii() else plain.translate(_marks())


@cache
def _marks() -> dict[int, None]:
    """The marks that combine with a letter: no plane above the second has any."""
    return dict.fromkeys(code for code in range(0x300, 0x20000) if unicodedata.combining(chr(code)))


def tokens(text: str) -> list[str]:
    """The folded words of a text."""
    return _TOKEN.findall(fold(text))


def indexed(text: str) -> str:
    """What the index holds of a text: each word folded, and its stems with a mark of their language."""
    out: list[str] = []
    for word in dict.fromkeys(tokens(text)):
        out += forms(word)
    return " ".join(dict.fromkeys(out))


def asked(text: str) -> tuple[tuple[str, ...], ...]:
    """What a query looks for: for each word that is no stop word, any of its forms."""
    words = [word for word in dict.fromkeys(tokens(text))]
    kept = [word for word in words if word not in _STOP] or words
    return tuple(forms(word) for word in kept)


@lru_cache(16_384)
def forms(word: str) -> tuple[str, ...]:
    """A folded word and its stems; words with digits (codes, dates) are not stemmed."""
    if any(char.isdigit() for char in word):
        return (word,)
    return (word, *(f"{mark}0{stemmer.stemWord(word)}" for mark, stemmer in _STEMMERS.items()))
