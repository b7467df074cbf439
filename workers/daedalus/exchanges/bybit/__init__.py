"""Bybit: linear perpetuals and spot."""
