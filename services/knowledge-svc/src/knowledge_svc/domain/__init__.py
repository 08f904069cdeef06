"""Entries, who may do what with them, and how their words are compared."""
