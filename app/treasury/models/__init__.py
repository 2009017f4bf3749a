"""What treasury remembers: bills and their breaks, payouts and their transfers."""
