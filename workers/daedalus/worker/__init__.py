"""The shell of every worker: start, signals, lock, status file, word to systemd, end.

A worker is then its own work only. Nothing is imported here: every command passes through this package when
it starts (`lifeline`), and whoever only reads status files does not carry the rest.
"""
