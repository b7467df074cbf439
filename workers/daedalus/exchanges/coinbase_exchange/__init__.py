"""Coinbase Exchange."""
