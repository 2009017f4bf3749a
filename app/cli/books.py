"""Commands that print: the proof of the books, the OpenAPI document."""

import json
import sys

import click
from flask import current_app

from app.kit.messages import t
from app.web.queries import proofs_of_all_rooms


@click.command("prove")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", help="Language of the claims.")
def prove(lang: str) -> None:
    """Prove the invariants of the books; exits 1 when one does not hold."""
    proofs = proofs_of_all_rooms()
    for proof in proofs:
        figures = "  ".join(f"{name}={value}" for name, value in proof.figures.items())
        click.echo(f"{'ok ' if proof.holds else 'BAD'}  {t(proof.claim, lang)}  {figures}")
    failed = sum(not proof.holds for proof in proofs)
    click.echo(f"prove: {len(proofs) - failed} hold, {failed} fail")
    sys.exit(1 if failed else 0)


@click.command("openapi")
def openapi() -> None:
    """Print the OpenAPI document, keys sorted."""
    spec = current_app.extensions["flask-smorest"]["apis"][""]["ext_obj"].spec.to_dict()
    click.echo(json.dumps(spec, ensure_ascii=False, indent=2, sort_keys=True))
