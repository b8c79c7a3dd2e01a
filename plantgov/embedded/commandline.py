"""What `manage.py` does before Django: `up`, `backup`, `restore`, and finding what runs."""

import os
import sys
from collections.abc import MutableMapping, Sequence

from plantgov.embedded import archive, servers, supervisor
from plantgov.embedded.errors import CannotStart
from plantgov.embedded.place import Place, default_root, is_locked

_OWN = {"up": supervisor.main, "backup": archive.backup_main, "restore": archive.restore_main}
_AS_OWNER = {"migrate"}


def before_django(arguments: Sequence[str], environ: MutableMapping[str, str]) -> int | None:
    """Run a command of our own and return its exit code; None lets Django go on.

    A command typed beside a running `up` joins that installation: its addresses are put into
    ENVIRON, unless DATABASE_URL already names one.
    """
    verb = arguments[0] if arguments else ""
    if verb in _OWN:
        return _OWN[verb](arguments[1:])
    if environ.get("DATABASE_URL"):
        return None
    try:
        place = running_place(environ)
    except CannotStart as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if place:
        join(place, environ, as_owner=verb in _AS_OWNER)
    return None


def running_place(environ: MutableMapping[str, str]) -> Place | None:
    """The one installation of this checkout that runs now; None when none does."""
    found = {}
    for kind in ("live", "demo"):
        root = default_root(kind=kind, environ=environ)
        known = Place(root, Place(root, kind).recall("kind") or kind)
        if is_locked(known) and known.recall("postgres_port"):
            found[root] = known
    if len(found) > 1:
        named = " or ".join(f"PLANTGOV_DATA_DIR={root}" for root in found)
        raise CannotStart(f"Two installations run; say which is meant: {named}.")
    return next(iter(found.values()), None)


def join(place: Place, environ: MutableMapping[str, str], *, as_owner: bool) -> None:
    """Put the addresses of a running installation into ENVIRON."""
    if not os.access(place.keys, os.R_OK | os.X_OK):
        return
    environ.update(servers.environment(place))
    if place.kind == "demo":
        environ.update(supervisor.demo_environment(place))
    if as_owner:
        environ.update(servers.owner_environment(place))
