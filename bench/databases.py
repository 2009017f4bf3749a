"""Databases beside the bench's first one, on the same server."""

from dataclasses import replace

from flask import Flask
from sqlalchemy import make_url

from app import create_app
from app.cli.database import load_reference_data, migrate
from app.config import Settings
from app.kit.database import db


def another(settings: Settings, name: str) -> Flask:
    """An application on a new, migrated database: the same server, another world of orders."""
    url = make_url(settings.database_url)
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as admin:
        admin.exec_driver_sql(f'CREATE DATABASE "{name}"')
    there = url.set(database=name).render_as_string(hide_password=False)
    app = create_app(replace(settings, database_url=there))
    with app.app_context():
        migrate()
        load_reference_data()
    return app
