"""Sample forests, so that a fresh instance has something to show. They say of themselves that they are."""

import tomllib
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select, text

from app.accounts import services as accounts
from app.kit import clock
from app.kit.database import db
from app.registry.models import Project
from app.registry.rules import PRODUCTS, Terms
from app.registry.services.lots import open_lot
from app.registry.services.projects import ProjectFacts, issue, register_project
from app.registry.services.regions import load_regions
from app.registry.services.wishes import WishTerms, post_wish

SAMPLES = Path(__file__).parent.parent / "data" / "samples.toml"


def load_samples() -> int:
    """Register, issue and put on sale the sample forests; returns how many projects were new.

    All of them or, where they stand already, none; two processes may load at the same time. Who calls
    this makes sure that it is not production.
    """
    db.session.execute(text("LOCK TABLE project IN SHARE ROW EXCLUSIVE MODE"))
    if db.session.scalar(select(Project.id).where(Project.sample).limit(1)) is not None:
        return 0
    samples = tomllib.loads(SAMPLES.read_text("utf-8"))
    load_regions(["code,name_zh,name_en", *samples["regions"]])
    holders = {
        key: accounts.open_holder(holder["kind"], holder["name"], samples["region"]).id
        for key, holder in samples["holder"].items()
    }
    for sample in samples["project"]:
        _load(sample, {**samples["county"], "region": samples["region"]}, holders)
    for wish in samples["wish"]:
        last_day = clock.business_day() + timedelta(days=wish["days"])
        terms = WishTerms(expires_at=clock.end_of_day(last_day), **wish["terms"])
        post_wish(holders[wish["holder"]], terms, sample=True)
    return len(samples["project"])


def _load(sample: dict[str, Any], common: dict[str, Any], holders: dict[str, int]) -> None:
    """Register one sample project, with an issuance and a lot for each of its vintages."""
    project = register_project(
        ProjectFacts(**common, **sample["facts"], sample=True), holders[sample["holder"]]
    )
    shares = sample["terms"]
    terms = Terms(
        product=project.product,
        step_kg=PRODUCTS[project.product].step_kg,
        price_fen_per_step=shares.get("price_fen_per_step", 100),
        village_holder_id=holders[shares["village"]] if "village" in shares else None,
        village_bp=shares["village_bp"],
        fee_bp=shares["fee_bp"],
    )
    for vintage, quantity_kg in sample["issued_kg"].items():
        year = int(vintage)
        issued = issue(
            project.id,
            (date(year, 1, 1), date(year, 12, 31)),
            quantity_kg,
            vintage=year,
            verification=f"SAMPLE-{project.code}-{year}",
        )
        kept_kg = sample.get("kept_kg", {}).get(vintage, 0)
        open_lot(issued.block_id, issued.serials.quantity_kg - kept_kg, terms)
