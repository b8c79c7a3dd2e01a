"""Cells of a CSV file that no spreadsheet takes for a formula."""

import json
from typing import Any

DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "|")


def cell(value: Any) -> str:
    """The value as text; what a spreadsheet might run gets an apostrophe in front."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    return f"'{text}" if text.startswith(DANGEROUS) else text
