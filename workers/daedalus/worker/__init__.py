"""The shell of every worker: start, signals, lock, status file, word to systemd, end.

The room of a worker then holds its own work only. This file imports nothing: every command imports the
package at its start (`lifeline`), and a reader of status files does not need the rest.
"""
