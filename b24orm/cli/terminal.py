"""Text for terminals and for whatever is not one: colours, tables and bars, as wide as there is room."""

from __future__ import annotations

import os
import shutil
import textwrap
from collections.abc import Mapping, Sequence
from typing import Final, Literal, TextIO

__all__ = ["Style", "Terminal"]

Style = Literal["bold", "dim", "red", "green", "yellow", "blue", "cyan"]

_CODES: Final[dict[Style, int]] = {"bold": 1, "dim": 2, "red": 31, "green": 32, "yellow": 33, "blue": 34, "cyan": 36}
_NARROW, _WIDE, _USUAL = 48, 110, 96
_DRAWN = "│█…·✓✗"
_PLAIN: Final = str.maketrans({"│": "|", "█": "#", "…": ".", "·": "-", "✓": "+", "✗": "x"})


class Terminal:
    """Writes to *stream*: with colours if it is a terminal that wants them, and in letters that its encoding has.

    Args:
        stream: usually ``sys.stdout``. What its encoding lacks becomes ``?`` from now on, instead of an error.
        environment: where ``NO_COLOR``, ``TERM`` and ``COLUMNS`` are looked up; that of the process by default.
    """

    def __init__(self, stream: TextIO, environment: Mapping[str, str] | None = None) -> None:
        known = os.environ if environment is None else environment
        self._stream = stream
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
        self._drawn = _can(stream, _DRAWN)
        interactive = stream.isatty()
        # https://no-color.org; a dumb terminal shows the codes as they are, and so does the old one of Windows.
        able = known.get("TERM", "") != "dumb" and (os.name != "nt" or "WT_SESSION" in known)
        self.colours = interactive and able and not known.get("NO_COLOR")
        columns = shutil.get_terminal_size((_USUAL, 24)).columns if interactive or "COLUMNS" in known else _USUAL
        self.width = min(_WIDE, max(_NARROW, columns))

    def styled(self, text: str, *styles: Style) -> str:
        """*text* in colours, or as it is where there are none."""
        if not self.colours or not styles or not text:
            return text
        return f"\x1b[{';'.join(str(_CODES[style]) for style in styles)}m{text}\x1b[0m"

    def line(self, text: str = "", *styles: Style, indent: int = 0) -> None:
        """*text*, on as many lines as it needs; all but the first are set in a little deeper."""
        prefix = " " * indent
        wrapped = textwrap.wrap(
            text, self.width, initial_indent=prefix, subsequent_indent=prefix + "   ", break_on_hyphens=False
        )
        for part in wrapped or [""]:
            found = part.lstrip()
            self._write(part[: len(part) - len(found)] + self.styled(found, *styles))

    def code(self, source: str, *, indent: int = 2) -> None:
        """Lines of a program, set off at the left."""
        for text in source.splitlines():
            self._write(" " * indent + self.styled("│ ", "dim") + self.styled(text, "cyan"))

    def table(
        self,
        header: Sequence[str],
        rows: Sequence[Sequence[str]],
        *,
        right: frozenset[int] = frozenset(),
        indent: int = 2,
    ) -> None:
        """A table. The widest column gives way where there is no room; the columns in *right* are flush right."""
        if not rows:
            return
        widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
        spare = sum(widths) + 2 * (len(widths) - 1) + indent - self.width
        if spare > 0:
            widest = widths.index(max(widths))
            widths[widest] = max(8, widths[widest] - spare)
        for number, row in enumerate((header, *rows)):
            cells = [
                self.cut(cell, width).rjust(width) if i in right else self.cut(cell, width).ljust(width)
                for i, (cell, width) in enumerate(zip(row, widths, strict=True))
            ]
            self._write(" " * indent + self.styled("  ".join(cells).rstrip(), *(("dim",) if number == 0 else ())))

    def bars(self, amounts: Sequence[tuple[str, int]], *, indent: int = 2) -> None:
        """A bar for each of *amounts* (name, number), in proportion."""
        if not amounts:
            return
        names = min(max(len(name) for name, _ in amounts), 2 * self.width // 5)
        digits = max(len(f"{number:,}") for _, number in amounts)
        room = self.width - indent - names - digits - 4
        most = max(1, *(number for _, number in amounts))
        for name, number in amounts:
            bar = "█" * round(room * number / most)
            label = f"{self.cut(name, names).ljust(names)}  {number:>{digits},}"
            self._write(f"{' ' * indent}{label}  {self.styled(bar, 'blue')}".rstrip())

    def cut(self, text: str, width: int) -> str:
        """*text* on one line and no longer than *width*."""
        text = " ".join(text.splitlines())
        return text if len(text) <= width else text[: max(0, width - 1)] + "…"

    def _write(self, text: str) -> None:
        self._stream.write((text if self._drawn else text.translate(_PLAIN)) + "\n")
        self._stream.flush()


def _can(stream: TextIO, letters: str) -> bool:
    try:
        letters.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
