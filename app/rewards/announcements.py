"""What this room tells those above it, and itself later."""

TARIFF_ANNOUNCED = "rewards.tariff_announced"
"""A programme's next tariff is public: {programme_id, version}."""
