"""Two operators at the registry's desk, and forests they take from a draft to units."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from builders import PASSWORD
from flask import Flask

from app.accounts import services as accounts
from app.kit.codes import random_code
from app.kit.transaction import transaction
from app.registry.models import Project
from app.registry.queries.dossiers import DossierStanding, get_dossier
from app.registry.rules.dossiers import Share
from app.registry.services import Issued, dossier_parts, dossiers, parcels, removals
from app.registry.services.dossier_parts import NewOpinion
from app.registry.services.dossiers import DossierFacts
from app.registry.services.removals import NewRemoval

NOTICE = timedelta(0)
SIDE = 0.005


def ring(lon: float, lat: float, side: float = SIDE) -> list[list[float]]:
    """A square's border."""
    east, north = round(lon + side, 7), round(lat + side, 7)
    return [[lon, lat], [east, lat], [east, north], [lon, north], [lon, lat]]


def plot(lon: float, lat: float, side: float = SIDE, name: str = "1", **properties: Any) -> dict[str, Any]:
    """A square as a GeoJSON Feature that declares what it has."""
    from app.registry.rules.land import area_m2, polygon

    rings = [ring(lon, lat, side)]
    told = {"name": name, "declared_area_m2": area_m2(polygon(rings)), **properties}
    return {"type": "Feature", "properties": told, "geometry": {"type": "Polygon", "coordinates": rings}}


def facts(project_code: str | None = None, **changes: Any) -> DossierFacts:
    """What a dossier of a sample forest says."""
    said: dict[str, Any] = {
        "project_code": project_code or f"F{random_code(6)}",
        "name_zh": "示例项目",
        "name_en": "Sample project",
        "region": "350721",
        "county_zh": "顺昌县",
        "county_en": "Shunchang",
        "township_zh": "示例镇",
        "township_en": "Sample town",
        "village_zh": "示例村",
        "village_en": "Sample village",
        "forest_type": "bamboo",
        "methodology": "yiyuan",
        "description_zh": "示例",
        "description_en": "Sample",
        "period_start": date(2020, 1, 1),
        "period_end": date(2059, 12, 31),
    }
    return DossierFacts(**{**said, **changes})


@dataclass(frozen=True)
class Report:
    """A verification report and what is wanted for it."""

    content: bytes
    wanted: NewRemoval


class Desk:
    """A maker and a checker, a village, and land that nobody has yet."""

    def __init__(self, app: Flask) -> None:
        with transaction():
            self.maker, self.checker = (
                accounts.operators.enrol(f"op-{random_code(8)}", PASSWORD, ["registry"])[0].id
                for _ in range(2)
            )
            self.village = accounts.open_holder("village", "示例村集体", "350721").id
        self._next = 0

    def land(self) -> tuple[float, float]:
        """A place where no parcel of this desk lies."""
        self._next += 1
        return round(117.55 + 0.01 * (self._next % 50), 7), round(26.70 + 0.01 * (self._next // 50), 7)

    def empty(self, **changes: Any) -> str:
        """A draft with its facts only; its code."""
        with transaction():
            return dossiers.open_dossier(self.maker, facts(**changes), self.village, sample=True).code

    def draft(self, project_code: str | None = None, feature: dict[str, Any] | None = None) -> str:
        """A draft that lacks nothing; its code."""
        code = self.empty(project_code=project_code)
        self.complete(code, ((self.village, "village", 9000), (self.village, "fee", 1000)), feature)
        return code

    def complete(
        self, code: str, shares: tuple[tuple[int, str, int], ...], feature: dict[str, Any] | None = None
    ) -> None:
        """Add what an empty draft lacks, with these right holders' shares."""
        with transaction():
            for share in shares:
                dossier_parts.add_share(self.maker, code, Share(*share), named=True)
            parcels.add_parcels(self.maker, code, feature or plot(*self.land()))
            for kind in ("title", "design"):
                dossier_parts.keep_document(self.maker, code, kind, kind, f"%PDF-1.4 {kind}".encode())
            said = NewOpinion("示例专家", "favourable", "可行。", date(2021, 1, 1))
            dossier_parts.add_opinion(self.maker, code, said)

    def standing(self, code: str) -> DossierStanding:
        """Everything about a dossier."""
        return get_dossier(code)

    def revision(self, code: str) -> int:
        """The revision that stands."""
        return self.standing(code).dossier.revision

    def review(self, code: str, notice: timedelta = NOTICE) -> None:
        """Approve a draft."""
        with transaction():
            dossiers.review_dossier(self.checker, code, self.revision(code), notice)

    def register(self, code: str) -> Project:
        """Register a dossier whose notice is over."""
        with transaction():
            return dossiers.register_dossier(self.checker, code)

    def registered(self) -> str:
        """The code of a dossier that became a project."""
        code = self.draft()
        self.review(code)
        self.register(code)
        return code

    def removal(
        self,
        code: str,
        year: int,
        quantity_kg: int,
        verification: str | None = None,
        content: bytes | None = None,
        verified_on: date | None = None,
    ) -> Report:
        """A verification report of one year, kept with the dossier."""
        content = content or f"%PDF-1.4 report {code} {year} {random_code(4)}".encode()
        with transaction():
            kept = dossier_parts.keep_document(self.maker, code, "verification", "核证报告", content)
        wanted = NewRemoval(
            document_id=kept.id,
            period=(date(year, 1, 1), date(year, 12, 31)),
            vintage=year,
            quantity_kg=quantity_kg,
            verification=verification or f"V-{year}",
            verifier="示例核证机构",
            verified_on=verified_on or date(year + 1, 3, 1),
        )
        return Report(content, wanted)

    def issue(self, code: str, year: int, quantity_kg: int) -> Issued:
        """Have one year verified and issued."""
        wanted = self.removal(code, year, quantity_kg).wanted
        with transaction():
            requested = removals.request_issuance(self.maker, code, wanted)
        with transaction():
            return removals.approve_issuance(self.checker, code, requested.code)
