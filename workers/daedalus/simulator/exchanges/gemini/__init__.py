"""Gemini, simulated."""
