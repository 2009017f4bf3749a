"""The WSGI entry: `granian --interface wsgi wsgi:app`, and what `flask` finds by itself."""

import gc

from app import create_app

app = create_app()

# What was made at start lives as long as the process: the collector need not look at it again and
# again, and forked jobs share its pages. `make bench` shows it in action_post_vs_floor.
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 20)
