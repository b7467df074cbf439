"""Bitfinex, simulated."""
