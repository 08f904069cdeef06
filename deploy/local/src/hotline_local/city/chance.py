"""Chance that can be repeated."""

import random


def seeded(seed: int, about: object) -> random.Random:
    """The dice for one thing: the same for the same seed, whatever else was thrown before."""
    return random.Random(f"{seed}/{about}")  # noqa: S311 - for a made-up city, not for keys
