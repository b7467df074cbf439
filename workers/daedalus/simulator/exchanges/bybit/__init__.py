"""Bybit: linear perpetuals and spot, simulated."""
