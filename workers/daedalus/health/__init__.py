"""What is wrong, and from when on: the rules that doctor and watchdog share. Pure functions of what was read.

Each rule gives a `Finding` that is understood alone. The doctor shows it; the watchdog decides what to do.
"""
