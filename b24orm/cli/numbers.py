"""Arguments that are numbers."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable

__all__ = ["amount", "number", "size"]


def size(parser: argparse.ArgumentParser, *, deals: int, least: int) -> None:
    """Adds what says how large a portal is."""
    parser.add_argument(
        "--deals", type=number(least), default=deals, metavar="N", help="how many deals to make (default: %(default)s)"
    )
    parser.add_argument(
        "--seed", type=number(0), default=1, metavar="S", help="the same seed makes the same portal (default: 1)"
    )


def number(least: int, most: int | None = None) -> Callable[[str], int]:
    """Reads a whole number, from *least* to *most*; thousands may be marked by ``_`` or ``,``."""

    def read(text: str) -> int:
        number = int(text.replace("_", "").replace(",", ""))
        if number < least or (most is not None and number > most):
            span = f"{least} or more" if most is None else f"{least} to {most}"
            raise argparse.ArgumentTypeError(f"{number} is not {span}")
        return number

    read.__name__ = "number"  # argparse says: invalid number value: 'many'
    return read


def amount(text: str) -> float:
    """Reads a number that is 0 or more."""
    try:
        amount = float(text)
    except ValueError:
        amount = math.nan
    if not 0 <= amount < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of 0 or more")
    return amount
