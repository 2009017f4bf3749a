"""What WeChat says of our account."""

import click

from app.clients.errors import OutsideError
from app.offsets.provider import miniprogram, settings


@click.command("trade-managed")
def trade_managed() -> None:
    """Ask WeChat whether it holds funds until orders are reported as delivered, and compare our setting."""
    try:
        managed = miniprogram().is_trade_managed()
    except OutsideError as error:
        raise click.ClickException(f"WeChat did not say: {error}") from error
    word = {True: "on", False: "off"}
    click.echo(f"WECHAT_TRADE_MANAGED should be {word[managed]} and is {word[settings().trade_managed]}")
    if managed != settings().trade_managed:
        raise SystemExit(1)
