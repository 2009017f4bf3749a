"""The WSGI entry: `granian --interface wsgi wsgi:app`, and what `flask` finds by itself."""

from app import create_app

app = create_app()
