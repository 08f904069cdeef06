"""Routes, and what consumed facts lead to."""
