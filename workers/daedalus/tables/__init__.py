"""The tables: of each the row type, the columns and the form of its file. Imports no other room."""
