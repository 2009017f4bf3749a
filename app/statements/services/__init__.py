"""What can be done with statements: choosing a home region, sealing a day of regions. The only writers."""

from app.statements.services.crowds import seal_day
from app.statements.services.homes import choose_home, leave_home

__all__ = ["choose_home", "leave_home", "seal_day"]
