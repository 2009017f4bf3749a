"""The two ways in which something is refused, each with the name of its sentence in `words`."""


class Wrong(Exception):
    """It can be read, and it is not true. `name` is what is wrong, `where` says where."""

    exit_code = 1

    def __init__(self, name: str, **where: object) -> None:
        super().__init__(name, where)
        self.name = name
        self.where = where


class Unreadable(Wrong):
    """It cannot even be read: cut off, not what it should be, or of a form we do not know."""

    exit_code = 2
