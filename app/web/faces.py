"""How long words are set on a printed face: broken into lines by the width they take. Pure."""

import unicodedata


def width(text: str) -> int:
    """How wide text is, in halves of a Chinese character."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def lines(text: str, most: int) -> list[str]:
    """`text` in lines of at most `most` halves: broken between words, or anywhere in Chinese."""
    found, line = [], ""
    for part in _parts(text):
        if line and width(line + part) > most:
            found.append(line.rstrip())
            line = part.lstrip()
        else:
            line += part
    return [*found, line.rstrip()] if line.strip() else found


def _parts(text: str) -> list[str]:
    """Where a line may break: after every wide character, space or hyphen."""
    parts, word = [], ""
    for letter in text:
        word += letter
        if letter in " -" or width(letter) == 2:
            parts.append(word)
            word = ""
    return [*parts, word] if word else parts
