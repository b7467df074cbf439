"""The tables: what a row of each says, its columns, and the form of its file. Imports nothing of ours."""
