"""Bitstamp."""
