"""What the checking of a file stands on: columns, cells, problems, and what would change."""

import difflib
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from assets.services.imports.reading import Table
from plantgov.people.models import User

KEEP: Any = object()  # an empty cell: what is there stays
CLEAR: Any = object()  # the word NULL: what is there goes


@dataclass(frozen=True)
class Column:
    """A column that a kind of file may have. `choices` maps accepted words to the stored key."""

    key: str
    label: str | Promise
    is_required: bool = False  # the file must have it
    may_clear: bool = True
    most: int = 250
    choices: Mapping[str, str] | None = None
    synonyms: tuple[str, ...] = ()
    help: str | Promise = ""


@dataclass(frozen=True)
class Problem:
    """Something wrong with a cell, a row or the file, with the values that come nearest."""

    row: int | None
    column: str
    message: str
    nearest: tuple[str, ...] = ()
    is_error: bool = True

    def as_json(self) -> dict[str, Any]:
        """As the report keeps it."""
        return {
            "row": self.row,
            "column": self.column,
            "message": self.message,
            "nearest": list(self.nearest),
            "severity": "error" if self.is_error else "warning",
        }


@dataclass
class Outcome:
    """What applying a row would do: new, changed (old → new), or unchanged."""

    row: int
    key: str
    is_new: bool
    changes: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def what(self) -> str:
        """The word for it."""
        return "new" if self.is_new else "changed" if self.changes else "unchanged"

    def as_json(self) -> dict[str, Any]:
        """As the report keeps it."""
        return {
            "row": self.row,
            "key": self.key,
            "what": self.what,
            "changes": [list(change) for change in self.changes],
        }


@dataclass
class Desk:
    """Who imports, when, with which choices; and what was found so far."""

    user: User
    at: datetime
    reason: str = ""
    create_locations: bool = False
    problems: list[Problem] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)

    def error(self, row: int | None, column: str, message: str, nearest: Iterable[str] = ()) -> None:
        """Note an error."""
        self.problems.append(Problem(row, column, message, tuple(nearest)))

    def warn(self, row: int | None, column: str, message: str, nearest: Iterable[str] = ()) -> None:
        """Note something that does not stop the import."""
        self.problems.append(Problem(row, column, message, tuple(nearest), is_error=False))

    @property
    def has_errors(self) -> bool:
        """Whether anything stops the import."""
        return any(problem.is_error for problem in self.problems)

    def digest(self) -> str:
        """What would be written, in short: the same again unless register or file moved."""
        rows = [outcome.as_json() for outcome in self.outcomes]
        return hashlib.sha256(json.dumps(rows, sort_keys=True, default=str).encode()).hexdigest()


class Importer(Protocol):
    """A kind of file: its columns, its check, and how its rows are written."""

    columns: Sequence[Column]

    def check(self, lines: list["Line"], desk: Desk) -> Any:
        """Look at every row; note problems and outcomes; return what `write` needs."""

    def write(self, checked: Any, desk: Desk) -> None:
        """Write everything through the services, inside the caller's transaction."""


@dataclass
class Line:
    """One row of a file by column key; `cell` gives KEEP, CLEAR or the text."""

    number: int
    cells: dict[str, str]

    def cell(self, key: str) -> Any:
        """What the row says in a column."""
        text = self.cells.get(key, "")
        return KEEP if text == "" else CLEAR if text == "NULL" else text

    def text(self, key: str) -> str:
        """The text in a column, empty for KEEP and CLEAR."""
        value = self.cell(key)
        return value if isinstance(value, str) else ""


def plain_word(text: str) -> str:
    """A header or a choice as compared: without case, spaces, hyphens, underscores."""
    return re.sub(r"[\s_\-./]+", "", text).casefold()


def nearest(word: str, known: Iterable[str], *, most: int = 3) -> list[str]:
    """The known values that look most like `word`; all of them if they are few and none is near."""
    names = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(word.casefold(), names, n=most, cutoff=0.5)
    return [names[name] for name in close]


def lines_of(table: Table, columns: Sequence[Column], desk: Desk) -> list[Line]:
    """Match headers to columns, warn of what nobody knows, and give the rows by column key."""
    known = {plain_word(name): c.key for c in columns for name in (c.key, str(c.label), *c.synonyms)}
    places: dict[str, int] = {}
    for place, header in enumerate(table.headers):
        key = known.get(plain_word(header)) or (_custom(header) if _takes_custom(columns) else None)
        if key is None:
            if header:
                near = nearest(header, [c.key for c in columns])
                desk.warn(1, header, _("This column is not known and is left out."), near)
        elif key in places:
            desk.error(1, header, _("Two columns mean “%(key)s”; keep one.") % {"key": key})
        else:
            places[key] = place
    for column in columns:
        if column.is_required and column.key not in places:
            near = nearest(column.key, table.headers)
            desk.error(1, column.key, _("The file needs a column “%(key)s”.") % {"key": column.key}, near)
    if not table.lines:
        desk.error(None, "", _("The file has names of columns but no rows."))
    return [_line(number, cells, places, len(table.headers), desk) for number, cells in table.lines]


def _takes_custom(columns: Sequence[Column]) -> bool:
    return any(column.key == "cf_*" for column in columns)


def _custom(header: str) -> str | None:
    return header.lower() if re.fullmatch(r"cf_[a-z0-9_]{1,50}", header.lower()) else None


def _line(number: int, cells: list[str], places: dict[str, int], width: int, desk: Desk) -> Line:
    if len(cells) > width and any(cell.strip() for cell in cells[width:]):
        desk.error(number, "", _("The row has more cells than the file has columns."))
    found = {key: cells[place].strip() if place < len(cells) else "" for key, place in places.items()}
    for key, text in found.items():
        if any(ord(char) < 32 and char not in "\n\r\t" for char in text):
            desk.error(number, key, _("The cell holds control characters."))
    return Line(number, found)


def value_of(line: Line, column: Column, desk: Desk, *, cleared: Any = "") -> Any:
    """A cell as it would be stored: KEEP, the cleared value, or the text; notes what is wrong and gives KEEP."""
    given = line.cell(column.key)
    if given is KEEP:
        return KEEP
    if given is CLEAR:
        if column.may_clear:
            return cleared
        desk.error(line.number, column.key, _("This can't be cleared."))
        return KEEP
    if column.choices is not None:
        return _choice(line, column, given, desk)
    if len(given) > column.most:
        desk.error(line.number, column.key, _("At most %(most)d characters.") % {"most": column.most})
        return KEEP
    return given


def _choice(line: Line, column: Column, given: str, desk: Desk) -> Any:
    words = column.choices or {}
    found = words.get(plain_word(given))
    if found is not None:
        return found
    keys = list(dict.fromkeys(words.values()))
    near = nearest(given, keys) or keys[:8]
    desk.error(
        line.number, column.key, _("“%(given)s” is not a value of this column.") % {"given": given}, near
    )
    return KEEP


def words_for(choices: Iterable[tuple[str, Any]], **synonyms: str) -> dict[str, str]:
    """The accepted words of a list of choices: keys, labels, and synonyms (`word=key`)."""
    pairs = list(choices)
    found = {plain_word(str(label)): key for key, label in pairs} | {
        plain_word(key): key for key, _l in pairs
    }
    return found | {plain_word(word): key for word, key in synonyms.items()}


Finder = Callable[[str], Any]
