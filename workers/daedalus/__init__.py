"""Daedalus records crypto market data around the clock and proves what is complete."""

__version__ = "0.1.0"
