"""Partners on pages: how a person links themselves and sees what it gave, how two operators register one."""

from datetime import timedelta

import pytest
from builders import operator
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask
from flask.testing import FlaskClient
from partnering import Reporter, item, public_text, register
from visiting import signed_in

from app.footprint.queries import partners as known
from app.kit import clock
