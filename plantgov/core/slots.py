"""Where upper floors plug in what lower floors show or run. Filled in `AppConfig.ready()` only."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Slot(Generic[T]):
    """An ordered list of things of one type; a key may be used once."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._items: dict[str, T] = {}

    def add(self, item: T) -> T:
        """Plug `item` in under its `key`; raises ValueError for a key already used by another."""
        key = item.key  # type: ignore[attr-defined]
        if key in self._items and self._items[key] != item:
            raise ValueError(f"{self.name}: the key {key!r} is used twice.")
        self._items[key] = item
        return item

    def get(self, key: str) -> T | None:
        """The item under `key`, if any."""
        return self._items.get(key)

    def __getitem__(self, key: str) -> T:
        return self._items[key]

    def __iter__(self) -> Iterator[T]:
        return iter(sorted(self._items.values(), key=lambda item: (getattr(item, "order", 100), item.key)))  # type: ignore[attr-defined]

    def __len__(self) -> int:
        return len(self._items)


@dataclass(frozen=True)
class Thing:
    """A kind of thing that can be commented, watched, attached to, searched and linked from the ledger."""

    key: str  # such as "assets.asset"
    model: str  # the same, as Django's apps registry knows it
    label: Any
    url: Callable[[Any], str]  # from a row to its page
    search: tuple[str, ...] = ()  # lookups that global search may use, such as "tag__icontains"


@dataclass(frozen=True)
class Panel:
    """A panel on another floor's page: `render(request, thing)` returns safe HTML or ''."""

    key: str
    on: str  # kind of thing, such as "assets.asset"
    render: Callable[[Any, Any], str]
    order: int = 100


@dataclass(frozen=True)
class Column:
    """A column on another floor's list: `values(user, rows)` maps pk → cell, with one query a page."""

    key: str
    on: str
    label: Any
    values: Callable[[Any, list[Any]], dict[int, Any]]
    order: int = 100


@dataclass(frozen=True)
class Action:
    """A button on another floor's page, leading to `url` with `?from=<kind>:<uid>`."""

    key: str
    on: str
    label: Any
    icon: str
    permission: str
    url: Callable[[], str]
    order: int = 100


@dataclass(frozen=True)
class NavigationItem:
    """One entry of the portal's navigation."""

    key: str
    label: Any
    icon: str
    url: str  # URL name
    group: str  # operate, govern or prove
    visible: Callable[[Any], bool] = lambda user: True
    count: Callable[[Any], int] | None = None
    urgent: bool = False  # the count needs action, so it is shown in red
    order: int = 100


@dataclass(frozen=True)
class HomePanel:
    """A panel on the overview: `render(request)` returns safe HTML or ''."""

    key: str
    render: Callable[[Any], str]
    order: int = 100


@dataclass(frozen=True)
class Waiting:
    """Something that can wait for a person: `for_user(user)` yields rows for the approvals page."""

    key: str
    label: Any
    for_user: Callable[[Any], list["WaitingRow"]]
    order: int = 100


@dataclass(frozen=True)
class WaitingRow:
    """One line of what waits for somebody."""

    title: str
    url: str
    what: Any
    since: Any
    due_at: Any = None
    detail: str = ""


@dataclass(frozen=True)
class ImportKind:
    """A kind of register file that can be imported."""

    key: str
    label: Any
    importer: Any
    order: int = 100


@dataclass(frozen=True)
class Consumer:
    """Acts on an outbox event, at least once: `handle(event)` must be idempotent by `event.uid`."""

    key: str
    kinds: tuple[str, ...]
    handle: Callable[[Any], None]


@dataclass(frozen=True)
class JobKind:
    """A kind of long work: `run(job)` does it and returns a JSON-safe result."""

    key: str
    label: Any
    run: Callable[[Any], Any] = field(compare=False)


@dataclass(frozen=True)
class Sweep:
    """Work that a beat tick takes up when its wake-up was lost: `run()` returns how many it took."""

    key: str
    run: Callable[[], int]


@dataclass(frozen=True)
class Step:
    """An idempotent step after `migrate`: reference data, grants. Runs as the owner of the database."""

    key: str
    run: Callable[[], None]
    order: int = 100


@dataclass(frozen=True)
class Probe:
    """One line of `/readyz`: `check()` returns (ok, sentence)."""

    key: str
    check: Callable[[], tuple[bool, str]]
    order: int = 100


@dataclass(frozen=True)
class Metric:
    """One gauge of `/metrics`: `read()` yields (labels, value)."""

    key: str
    help: str
    labels: tuple[str, ...]
    read: Callable[[], list[tuple[tuple[str, ...], float]]]


@dataclass(frozen=True)
class Ownable:
    """A kind of thing that can have owners: `find(uid)` and `visible_to(user)`."""

    key: str
    label: Any


@dataclass(frozen=True)
class GateCheck:
    """An internal source of a check: `evaluate(context)` gives its outcome."""

    key: str
    label: Any
    evaluate: Callable[[Any], Any] = field(compare=False)


@dataclass(frozen=True)
class SettingsPage:
    """A page below Settings."""

    key: str
    label: Any
    url: str
    visible: Callable[[Any], bool] = lambda user: True
    order: int = 100


@dataclass(frozen=True)
class TimelineSource:
    """What happened to a thing: `read(user, thing, start, end)` returns dated lines."""

    key: str
    read: Callable[..., list[Any]]


things: Slot[Thing] = Slot("things")
panels: Slot[Panel] = Slot("panels")
columns: Slot[Column] = Slot("columns")
actions: Slot[Action] = Slot("actions")
navigation: Slot[NavigationItem] = Slot("navigation")
home_panels: Slot[HomePanel] = Slot("home_panels")
waiting: Slot[Waiting] = Slot("waiting")
import_kinds: Slot[ImportKind] = Slot("import_kinds")
consumers: Slot[Consumer] = Slot("consumers")
job_kinds: Slot[JobKind] = Slot("job_kinds")
sweeps: Slot[Sweep] = Slot("sweeps")
prepare: Slot[Step] = Slot("prepare")
readiness: Slot[Probe] = Slot("readiness")
metrics: Slot[Metric] = Slot("metrics")
ownable: Slot[Ownable] = Slot("ownable")
gate_checks: Slot[GateCheck] = Slot("gate_checks")
settings_pages: Slot[SettingsPage] = Slot("settings_pages")
timeline: Slot[TimelineSource] = Slot("timeline")
