"""Sample forests, so that a fresh instance has something to show. They say of themselves that they are.

They go the way of every real one: a dossier with parcels, right holders and documents, reviewed by another
operator, in public notice, registered, verified, issued. Only their notice is over at once.
"""

import json
import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select, text

from app.accounts import queries as accounts_queries
from app.accounts import services as accounts
from app.kit import clock
from app.kit.database import db
from app.registry.models import Dossier, Project
from app.registry.queries.serials import get_series
from app.registry.rules.dossiers import Share
from app.registry.services import dossier_parts, dossiers, mandates, parcels, removals
from app.registry.services.dossier_parts import NewOpinion
from app.registry.services.dossiers import DossierFacts
from app.registry.services.mandates import MandateWish
from app.registry.services.projects import Issued
from app.registry.services.regions import load_regions
from app.registry.services.removals import NewRemoval
from app.registry.services.wishes import WishTerms, post_wish

_DATA = Path(__file__).parent.parent / "data"
SAMPLES = _DATA / "samples.toml"
SAMPLE_PARCELS = _DATA / "sample_parcels.json"


@dataclass(frozen=True)
class Ground:
    """What all samples share: who writes, who checks, the right holders, the common facts, the outlines."""

    maker_id: int
    checker_id: int
    holders: dict[str, int]
    told: dict[str, Any]
    outlines: dict[str, Any]


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
    maker_id, checker_id = _operators()
    holders = {
        key: accounts.open_holder(holder["kind"], holder["name"], samples["region"]).id
        for key, holder in samples["holder"].items()
    }
    ground = Ground(maker_id, checker_id, holders, samples, json.loads(SAMPLE_PARCELS.read_text("utf-8")))
    registered = sum(_load(sample, ground) for sample in samples["project"])
    for wish in samples["wish"]:
        last_day = clock.business_day() + timedelta(days=wish["days"])
        terms = WishTerms(expires_at=clock.end_of_day(last_day), **wish["terms"])
        post_wish(holders[wish["holder"]], terms, sample=True)
    return registered


def _operators() -> tuple[int, int]:
    """Two sample operators, since whoever writes does not check; enrolled where they are not yet."""
    names = list(accounts.operators.SAMPLES)[:2]
    if not set(names) <= set(accounts_queries.operators.list_names().values()):
        accounts.operators.enrol_samples()
    ids = {name: number for number, name in accounts_queries.operators.list_names().items()}
    return ids[names[0]], ids[names[1]]


def _load(sample: dict[str, Any], ground: Ground) -> bool:
    """Take one sample forest as far as it goes; returns whether it became a project."""
    dossier = _draft(sample, ground)
    notice = timedelta(days=sample.get("notice_days", 0))
    dossiers.review_dossier(ground.checker_id, dossier.code, dossier.revision, notice)
    if notice:
        return False
    dossiers.register_dossier(ground.checker_id, dossier.code)
    price_fen = sample.get("price_fen_per_step", 100)
    for vintage, quantity_kg in sample["issued_kg"].items():
        issued = _issue(dossier, int(vintage), quantity_kg, ground)
        kept_kg = sample.get("kept_kg", {}).get(vintage, 0)
        _offer(issued, issued.serials.quantity_kg - kept_kg, price_fen, ground)
    return True


def _draft(sample: dict[str, Any], ground: Ground) -> Dossier:
    told, maker_id = ground.told, ground.maker_id
    own_id = ground.holders[sample["holder"]]
    facts = DossierFacts(**told["county"], region=told["region"], **told["crediting"], **sample["facts"])
    dossier = dossiers.open_dossier(maker_id, facts, own_id, sample=True)
    for share in sample["shares"]:
        holder_id = ground.holders[share["holder"]] if "holder" in share else own_id
        entitled = Share(holder_id, share["role"], share["share_bp"])
        dossier_parts.add_share(maker_id, dossier.code, entitled, named=True)
    parcels.add_parcels(maker_id, dossier.code, ground.outlines[dossier.project_code])
    for kind in ("title", "design"):
        paper = sample_paper(f"SAMPLE {kind} of {dossier.project_code}")
        dossier_parts.keep_document(maker_id, dossier.code, kind, f"示例 {dossier.project_code}", paper)
    dossier_parts.add_opinion(maker_id, dossier.code, NewOpinion(**told["opinion"]))
    return dossier


def _issue(dossier: Dossier, year: int, quantity_kg: int, ground: Ground) -> Issued:
    """Have one year's removal verified and issued."""
    verification = f"SAMPLE-{dossier.project_code}-{year}"
    report = dossier_parts.keep_document(
        ground.maker_id, dossier.code, "verification", f"示例 {verification}", sample_paper(verification)
    )
    removal = NewRemoval(
        document_id=report.id,
        period=(date(year, 1, 1), date(year, 12, 31)),
        vintage=year,
        quantity_kg=quantity_kg,
        verification=verification,
        verifier=ground.told["verification"]["verifier"],
        verified_on=date(year + 1, 3, 31),
    )
    requested = removals.request_issuance(ground.maker_id, dossier.code, removal)
    return removals.approve_issuance(ground.checker_id, dossier.code, requested.code)


def _offer(issued: Issued, quantity_kg: int, price_fen: int, ground: Ground) -> None:
    """Have units put on sale on their holder's word."""
    wish = MandateWish(
        kind="offer",
        note="示例委托书",
        serial=get_series(issued.issuance_id).text(issued.serials),
        quantity_kg=quantity_kg,
        price_fen_per_step=price_fen,
    )
    mandates.approve_mandate(ground.checker_id, mandates.request_mandate(ground.maker_id, wish).code)


def sample_paper(words: str) -> bytes:
    """A PDF of one page that says `words`, in plain ASCII, and that it is a sample."""
    drawn = f"BT /F1 16 Tf 60 760 Td ({words}) Tj 0 -28 Td (Not a real document) Tj ET"
    objects = (
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        " /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        f"<< /Length {len(drawn)} >>\nstream\n{drawn}\nendstream",
    )
    body, starts = "%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        starts.append(len(body))
        body += f"{number} 0 obj\n{each}\nendobj\n"
    table = "".join(f"{start:010} 00000 n \n" for start in starts)
    size = len(objects) + 1
    tail = f"trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF\n"
    return f"{body}xref\n0 {size}\n0000000000 65535 f \n{table}{tail}".encode("ascii")
