"""How the process treats its memory."""

import gc


def settle_memory() -> None:
    """What start-up made stays for good: the collector need not walk through it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
