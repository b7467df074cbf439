"""Bitstamp, simulated."""
