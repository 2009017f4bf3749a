"""The message catalogue: every sentence a person reads, Chinese and English side by side.

Each room keeps its own `messages.toml`: `[key]` with `zh` and `en`. A message is named
`room.key`; a house test checks that both languages exist and take the same parameters.
"""

import tomllib
from functools import cache
from pathlib import Path

from flask import has_request_context, request

LANGUAGES = ("zh", "en")
_APP = Path(__file__).parent.parent


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """All messages of all rooms by name; read once."""
    found: dict[str, dict[str, str]] = {}
    for path in sorted(_APP.rglob("messages.toml")):
        for key, texts in tomllib.loads(path.read_text("utf-8")).items():
            found[f"{path.parent.name}.{key}"] = texts
    return found


def language() -> str:
    """The caller's language: `?lang`, then the `lang` cookie, then Accept-Language; Chinese by default."""
    if not has_request_context():
        return "zh"
    for wish in (request.args.get("lang"), request.cookies.get("lang")):
        if wish in LANGUAGES:
            return wish
    return request.accept_languages.best_match(LANGUAGES, default="zh") or "zh"


def t(name: str, lang: str | None = None, /, **params: object) -> str:
    """The message `name` in `lang` (or the caller's language) with its parameters filled in.

    Raises KeyError for a name that no catalogue has: a missing sentence is a fault, not an empty string.
    """
    return catalogue()[name][lang or language()].format(**params)


def exists(name: str) -> bool:
    """Whether any catalogue has `name`."""
    return name in catalogue()
