"""Fixtures of the API tests."""

import pytest
from builders import forest
from flask import Flask
from shop import Shop

import simulator


@pytest.fixture
def shop(app: Flask, phone: simulator.Running, live: str) -> Shop:
    """A signed-in buyer before a village with a tonne on sale."""
    return Shop(app, phone, forest(1000, fee_bp=1000))
