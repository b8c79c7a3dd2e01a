"""What a connector gets for one attempt, and what every connector offers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fieldlink.guard import Address, Target
from fieldlink.sheet import Sheet
from fieldlink.spec import EndpointSpec, PointSpec


@dataclass(frozen=True, slots=True)
class Link:
    """One admitted address, one sheet to fill, one moment (loop time) at which to be done."""

    endpoint: EndpointSpec
    target: Target
    address: Address
    sheet: Sheet
    ends_at: float
    identify: bool

    def left_s(self) -> float:
        """Seconds left for this attempt."""
        return max(0.0, self.ends_at - asyncio.get_running_loop().time())


@dataclass(frozen=True, slots=True)
class Connector:
    """A protocol: `check` raises AddressError for a point it cannot mean; `read` fills the sheet.

    There is nothing else: no connector offers a way to write, call or publish.
    """

    protocol: str
    check: Callable[[PointSpec], object]
    read: Callable[[Link], Awaitable[None]]
