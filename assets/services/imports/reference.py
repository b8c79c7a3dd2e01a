"""The page of the documentation that lists every column of every kind of file."""

from collections.abc import Iterable

from assets.services.imports import reading
from assets.services.imports.sheet import Column
from plantgov.core import slots

HEAD = """# Import files

CSV with a header row. Comma, semicolon or tab; UTF-8 (with or without a mark), UTF-16 or Windows-1252. At most \
{megabytes} MB, {rows} rows, {columns} columns, {cell} characters in a cell.

- Names of columns are matched without regard to case, spaces, hyphens and underscores, and by the other names below. \
A column that nobody knows is left out, with a warning that names the nearest.
- **An empty cell keeps what is there. The word `NULL` clears it**, where clearing is possible.
- A cell is text. Nothing in it is computed.
- A row is told by the number that a spreadsheet shows: the header is row 1.
"""
ABOUT = {
    "assets": "Matched by site and tag. A new asset needs `name`, `asset_type` and `path`; a known one only its tag. "
    "`parent_tag` may name a row further down. Who is named as `accountable` takes over at the moment of the import.",
    "relations": "Matched by both tags and the kind of relation.",
    "zones": "Matched by site and name.",
    "ownership": "`asset_tag` for an asset, `path` alone for a place. Without a role: accountable.",
    "people": "Matched by e-mail address. Accounts are opened separately.",
}


def page() -> str:
    """The whole page."""
    limits = HEAD.format(
        megabytes=reading.MOST_BYTES // 1_000_000,
        rows=reading.MOST_ROWS,
        columns=reading.MOST_COLUMNS,
        cell=reading.MOST_IN_CELL,
    )
    parts = [
        f"## {kind.label} (`--kind {kind.key}`)\n\n{ABOUT.get(kind.key, '')}\n\n{table(kind.importer.columns)}"
        for kind in slots.import_kinds
    ]
    return "\n".join([limits, *parts])


def table(columns: Iterable[Column]) -> str:
    """The columns of one kind."""
    lines = ["| column | meaning | values | other names |", "|---|---|---|---|"]
    for column in columns:
        name = f"**`{column.key}`**" if column.is_required else f"`{column.key}`"
        meaning = f"{column.label}. {column.help}" if column.help else str(column.label)
        values = ", ".join(f"`{key}`" for key in dict.fromkeys((column.choices or {}).values()))
        lines.append(
            f"| {name} | {meaning} | {values or f'text, {column.most}'} | {', '.join(column.synonyms)} |"
        )
    return "\n".join([*lines, ""])
