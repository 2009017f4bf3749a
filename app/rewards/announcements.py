"""What this room tells those above it, and itself later."""

TARIFF_ANNOUNCED = "rewards.tariff_announced"
"""A programme's next tariff is public: {programme_id, version}."""
NAME_WRITTEN = "rewards.name_written"
"""A name for others to read was written, and no rule doubts it: {id}."""
