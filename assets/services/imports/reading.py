"""From the bytes of a file to rows of text. Cells stay text: nothing in them is ever computed."""

import csv
import io
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from plantgov.core.errors import BadInput

MOST_BYTES = 5_000_000
MOST_ROWS = 20_000
MOST_COLUMNS = 120
MOST_IN_CELL = 4_000
DELIMITERS = (";", "\t", ",")


@dataclass
class Table:
    """A file as read: its headers and its rows with the line number that a spreadsheet shows."""

    headers: list[str]
    lines: list[tuple[int, list[str]]]
    encoding: str
    delimiter: str
    notes: list[str] = field(default_factory=list)


def read_table(data: bytes) -> Table:
    """Read a delimited text file (UTF-8 or Windows-1252; comma, semicolon or tab). Raises BadInput."""
    if len(data) > MOST_BYTES:
        raise _refused(_("The file is larger than %(most)d MB; split it."), most=MOST_BYTES // 1_000_000)
    if data[:2] == b"PK":
        raise _refused(_("This is a workbook or archive. Save the sheet as CSV (UTF-8) and bring that."))
    text, encoding = _decoded(data)
    if "\0" in text:
        raise _refused(_("The file holds characters that are no text. Save it as CSV (UTF-8)."))
    text, delimiter = _delimited(text)
    lines = _records(text, delimiter)
    if not lines:
        raise _refused(_("The file is empty. Its first row must hold the names of the columns."))
    headers = [cell.strip() for cell in lines[0][1]]
    _limit(headers, lines)
    return Table(headers, lines[1:], encoding, delimiter)


def _decoded(data: bytes) -> tuple[str, str]:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace"), "utf-16"
    try:
        return data.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace"), "cp1252"


def _delimited(text: str) -> tuple[str, str]:
    """The delimiter: what a spreadsheet's `sep=` line says, else the most frequent in the first line."""
    first, _sep, rest = text.partition("\n")
    if first.lower().startswith("sep=") and first.strip()[4:5]:
        return rest, first[4]
    if first.lower().startswith("sep=\t"):
        return rest, "\t"
    return text, max(DELIMITERS, key=first.count)


def _records(text: str, delimiter: str) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    found = []
    try:
        for number, cells in enumerate(reader, start=1):
            if any(cell.strip() for cell in cells):
                found.append((number, cells))
            if len(found) > MOST_ROWS + 1:
                raise _refused(_("The file has more than %(most)d rows; split it."), most=MOST_ROWS)
    except csv.Error as error:
        raise _refused(
            _("Row %(row)d can't be read: %(why)s."), row=reader.line_num, why=str(error)
        ) from error
    return found


def _limit(headers: list[str], lines: list[tuple[int, list[str]]]) -> None:
    if len(headers) > MOST_COLUMNS:
        raise _refused(_("The file has more than %(most)d columns."), most=MOST_COLUMNS)
    for number, cells in lines:
        if any(len(cell) > MOST_IN_CELL for cell in cells):
            raise _refused(
                _("Row %(row)d has a cell of more than %(most)d characters."), row=number, most=MOST_IN_CELL
            )


def _refused(sentence: str, **params: object) -> BadInput:
    return BadInput({"file": [sentence % params]})
