"""Two registries in one process, each with its own database and key, and the letters between them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date

import psycopg
from builders import PASSWORD
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask
from sqlalchemy import text

import devstack
from app.accounts import services as accounts
from app.kit.codes import random_code
from app.kit.database import db
from app.kit.transaction import transaction
from app.registry import queries
from app.registry import services as registry
from app.registry.models import Block, Handover, HandoverReceipt
from app.registry.queries.handovers import get_given, get_taken
from app.registry.queries.programmes import our_key
from app.registry.queries.serials import get_series
from app.registry.services.handovers import HandoverWish, approve_handover, request_handover
from app.registry.services.letters import hear
from app.registry.services.programmes import ProgrammeFacts, confirm_programme, enter_programme
from app.registry.services.receipts import accept_offer, propose_acceptance
from app.web.queries import proofs_of_all_rooms


@dataclass
class Registry:
    """One instance: its application, its short name, two operators and a holder."""

    app: Flask
    code: str
    first: int = 0
    second: int = 0
    holder_id: int = 0
    holder_code: str = ""
    block_id: int = 0

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Work in this instance."""
        with self.app.app_context():
            try:
                yield
            finally:
                db.session.remove()

    def furnish(self) -> "Registry":
        """Two operators and a village that can receive."""
        with self.inside(), transaction():
            self.first, self.second = (
                accounts.operators.enrol(f"op-{random_code(8)}", PASSWORD, ["registry"])[0].id
                for _ in range(2)
            )
            holder = accounts.open_holder("village", f"示例村集体 {self.code}", "350721")
            self.holder_id, self.holder_code = holder.id, holder.code
        return self

    def recognise(self, other: "Registry", base_url: str | None = None) -> None:
        """Confirm the other as a programme."""
        with other.inside():
            key = our_key().x
        with self.inside(), transaction():
            facts = ProgrammeFacts(
                other.code, f"登记机构 {other.code}", f"Registry {other.code}", base_url, [key]
            )
            confirm_programme(self.second, enter_programme(self.first, facts).id)

    def issue(self, quantity_kg: int, product: str = "yiyuan", vintage: int = 2022) -> int:
        """Issue units to the holder; returns their block."""
        with self.inside(), transaction():
            project = registry.register_project(project_facts(product), self.holder_id)
            period = (date(vintage, 1, 1), date(vintage, 12, 31))
            issued = registry.issue(project.id, period, quantity_kg, vintage=vintage, verification="V")
            self.block_id = issued.block_id
        return self.block_id

    def serial(self, block_id: int | None = None) -> str:
        """What a block's units are called here."""
        with self.inside():
            block = db.session.get_one(Block, block_id or self.block_id)
            return get_series(block.issuance_id).text(block.serials)

    def draft(self, to: "Registry", quantity_kg: int, block_id: int | None = None) -> str:
        """Lock units for the other; returns the number."""
        wish = HandoverWish(self.serial(block_id), quantity_kg, to.code, to.holder_code, "示例文书")
        with self.inside(), transaction():
            return request_handover(self.first, wish).number

    def offer(self, to: "Registry", quantity_kg: int, block_id: int | None = None) -> str:
        """Offer units to the other; returns the number."""
        number = self.draft(to, quantity_kg, block_id)
        with self.inside(), transaction():
            approve_handover(self.second, number)
        return number

    def accept(self, giver: "Registry", number: str) -> str:
        """Accept what the giver offers, by both operators; returns the acceptance."""
        if self.taken(giver, number).proposed_by is None:
            with self.inside(), transaction():
                propose_acceptance(self.first, giver.code, number)
        with self.inside(), transaction():
            return accept_offer(self.second, giver.code, number, samples=True).acceptance or ""

    def hear(self, document: str) -> Handover | HandoverReceipt:
        """Let a letter have its effect."""
        with self.inside(), transaction():
            return hear(document)

    def given(self, number: str) -> Handover:
        """The handover as this giver has it."""
        with self.inside():
            return get_given(number)

    def taken(self, giver: "Registry", number: str) -> HandoverReceipt:
        """The handover as this receiver has it."""
        with self.inside():
            return get_taken(giver.code, number)

    def usable_kg(self) -> int:
        """Kilograms that can be used here now."""
        return self.number(
            "SELECT coalesce(sum(last_serial - first_serial + 1), 0) FROM block WHERE state = 'active'"
        )

    def number(self, statement: str) -> int:
        """One whole number out of this database."""
        with self.inside():
            return int(db.session.scalar(text(statement)) or 0)

    def broken(self) -> set[str]:
        """The claims that do not hold here."""
        with self.inside():
            return {proof.claim for proof in proofs_of_all_rooms() if not proof.holds}


def project_facts(product: str = "yiyuan", sample: bool = True) -> registry.ProjectFacts:
    """A project of a sample village."""
    places = {f"{part}_{lang}": "示例" for part in ("county", "township", "village") for lang in ("zh", "en")}
    texts = {f"{part}_{lang}": "示例" for part in ("name", "description") for lang in ("zh", "en")}
    return registry.ProjectFacts(
        code=f"P{random_code(6)}",
        region="350721",
        forest_type="bamboo",
        methodology="sample_forest_management",
        area_m2=10_000,
        sample=sample,
        product=product,
        **places,
        **texts,
    )


def titles_kg(giver: Registry, receiver: Registry) -> dict[str, int]:
    """Who has title to what, over both instances, read from what each has stored.

    A receiver's title in transit is a deed that the giver has signed and the receiver has not heard.
    """
    with receiver.inside():
        completed = set(
            db.session.scalars(text("SELECT number FROM handover_receipt WHERE completed_at IS NOT NULL"))
        )
    with giver.inside():
        deeds = dict(
            db.session.execute(
                text("SELECT number, quantity_kg FROM handover WHERE executed_at IS NOT NULL")
            ).all()
        )
        held = sum(getattr(proof_units(), f"{state}_kg") for state in ("active", "reserved", "pledged"))
    assert completed <= set(deeds), "units came to the receiver without a deed"
    return {
        "giver": held,
        "receiver": receiver.usable_kg(),
        "in_transit": sum(kg for number, kg in deeds.items() if number not in completed),
    }


def proof_units() -> "queries.Conservation":
    """All units of this instance by state."""
    row = db.session.execute(
        text(
            "SELECT coalesce(sum(kg), 0)::bigint, "
            + ", ".join(
                f"coalesce(sum(kg) FILTER (WHERE state = '{state}'), 0)::bigint"
                for state in ("active", "reserved", "pledged", "retired", "cancelled")
            )
            + " FROM (SELECT state, last_serial - first_serial + 1 AS kg FROM block) piece"
        )
    ).one()
    return queries.Conservation(*row)


Twins = tuple[Registry, Registry]


def new_key() -> bytes:
    """A new Ed25519 private key."""
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def another_instance(app: Flask) -> Flask:
    """A second instance beside `app`: its own database, its own key."""
    from app import create_app

    settings = app.extensions["settings"]
    url = settings.database_url.replace(f"/{_name(app)}?", f"/{_name(app)}_other?", 1)
    other = create_app(replace(settings, database_url=url, certificate_key=new_key()))
    other.config["PROPAGATE_EXCEPTIONS"] = False
    return other


def renew(app: Flask, stack: devstack.Stack, template: str) -> None:
    """Give an instance a fresh copy of the migrated database."""
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    with psycopg.connect(stack.database_url, autocommit=True) as admin:
        admin.execute(f'DROP DATABASE IF EXISTS "{_name(app)}" WITH (FORCE)')
        admin.execute(f'CREATE DATABASE "{_name(app)}" TEMPLATE {template} STRATEGY FILE_COPY')


def _name(app: Flask) -> str:
    url = app.extensions["settings"].database_url.replace("+psycopg", "", 1)
    return str(psycopg.conninfo.conninfo_to_dict(url)["dbname"])


def recognised(here: Flask, there: Flask) -> Twins:
    """Two registries that recognise one another."""
    first, second = Registry(here, "SENHUI").furnish(), Registry(there, "TANHUITONG").furnish()
    first.recognise(second)
    second.recognise(first)
    return first, second
