"""Whether a bill agrees with itself, with the day before, and with what the books made of it."""

from collections.abc import Iterator, Mapping

from app.treasury.rules.breaks import Break, Found


def summary_breaks(kind: str, announced: Mapping[str, int], counted: Mapping[str, int]) -> Iterator[Found]:
    """Each total that the summary says and the rows do not."""
    for name, total in counted.items():
        if announced.get(name) != total:
            yield Found(Break.SUMMARY, f"{kind}:{name}", ours=str(total), theirs=str(announced.get(name)))


def account_breaks(
    closing_before_fen: int | None,
    ends_fen: tuple[int | None, int | None],
    counted: Mapping[str, int],
    booked_fen: Mapping[str, tuple[int, int]],
) -> Iterator[Found]:
    """Whether the balance of an account follows from the day before and from the day's movements.

    `booked_fen` names what the books take over from the bill as a sum: what they hold, what the bill says.
    """
    opening_fen, closing_fen = ends_fen
    if opening_fen is not None and closing_before_fen not in (None, opening_fen):
        yield Found(Break.BALANCE, "opening", ours_fen=closing_before_fen, theirs_fen=opening_fen)
    if opening_fen is not None:
        follows_fen = opening_fen + counted.get("收入金额", 0) - counted.get("支出金额", 0)
        if closing_fen != follows_fen:
            yield Found(Break.BALANCE, "closing", ours_fen=follows_fen, theirs_fen=closing_fen)
    for name, (ours_fen, theirs_fen) in booked_fen.items():
        if ours_fen != theirs_fen:
            yield Found(Break.BOOKS, name, ours_fen=ours_fen, theirs_fen=theirs_fen)
