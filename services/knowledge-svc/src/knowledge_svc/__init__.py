"""The knowledge base: entries published and found."""
