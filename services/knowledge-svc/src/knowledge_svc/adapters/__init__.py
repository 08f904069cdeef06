"""PostgreSQL behind the ports, and the segmenter of Chinese words."""
