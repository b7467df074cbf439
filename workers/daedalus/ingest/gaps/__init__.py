"""Gaps: how they are found, asked for over REST, and kept until each one is resolved."""
