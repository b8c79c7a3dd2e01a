"""Dump and restore one database with PostgreSQL's own programs, as the owner's role."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from plantgov.embedded import programs
from plantgov.embedded.errors import CannotStart

# In the transaction of the restore itself: what the owner owns goes, default privileges included, so
# that the dump's own privileges are the only ones. A failure leaves everything as it was.
_CLEAR = "DROP OWNED BY CURRENT_USER CASCADE;\n"


@dataclass(frozen=True, slots=True)
class Database:
    """One database as its owner sees it, and the programs that fit its server."""

    owner_url: str
    programs: Path

    def connect(self) -> psycopg.Connection:
        """A connection as the owner."""
        return psycopg.connect(self.owner_url, connect_timeout=10)

    def facts(self) -> dict[str, Any]:
        """What a backup should say about its database."""
        with self.connect() as connection:
            row = connection.execute(
                "SELECT current_database(), current_setting('server_version'),"
                " (SELECT system_identifier::text FROM pg_control_system()), current_user"
            ).fetchone()
        return dict(zip(("name", "server", "system_identifier", "owner"), row or (), strict=True))

    def tables(self) -> int:
        """How many tables stand in it."""
        with self.connect() as connection:
            row = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
        return int(row[0]) if row else 0

    def other_sessions(self) -> list[str]:
        """Who else is connected."""
        with self.connect() as connection:
            rows = connection.execute(
                "SELECT DISTINCT usename || ' (' || coalesce(nullif(application_name, ''), 'unnamed') || ')'"
                " FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid() AND usename IS NOT NULL"
                # Kept from roles without pg_read_all_stats; then every session counts.
                " AND coalesce(backend_type, 'client backend') = 'client backend'"
            ).fetchall()
        return [str(row[0]) for row in rows]

    def last_checkpoint(self) -> dict[str, Any] | None:
        """The newest signed checkpoint of the ledger, as a row; None when there is none yet."""
        with self.connect() as connection:
            known = connection.execute("SELECT to_regclass('public.audit_checkpoint')").fetchone()
            if not known or known[0] is None:
                return None
            row = connection.execute(
                "SELECT to_jsonb(c) FROM public.audit_checkpoint c ORDER BY id DESC LIMIT 1"
            ).fetchone()
        return row[0] if row else None

    def has_role(self, name: str) -> bool:
        """Whether the server knows this role."""
        with self.connect() as connection:
            return (
                connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone() is not None
            )

    def dump_to(self, path: Path) -> None:
        """Write a dump in PostgreSQL's custom format; one snapshot, taken while others work."""
        self._run("pg_dump", "--format=custom", f"--file={path}")

    def restore_from(self, path: Path, *, work: Path) -> None:
        """Replace everything the owner owns by the dump, in one transaction."""
        clear, script = work / "clear.sql", work / "restore.sql"
        clear.write_text(_CLEAR, encoding="ascii")
        self._run("pg_restore", "--no-owner", "--no-comments", f"--file={script}", str(path), connect=False)
        self._run(
            *("psql", "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1"),
            *("--output=/dev/null", f"--file={clear}", f"--file={script}"),
        )

    def _run(self, program: str, *arguments: str, connect: bool = True) -> None:
        """Run one program; the password goes by environment, never on the command line."""
        parts = conninfo_to_dict(self.owner_url)
        password = str(parts.pop("password", "") or "")
        address = make_conninfo(**{key: str(value) for key, value in parts.items()})
        target = [f"--dbname={address}"] if connect else []
        path = self.programs / program
        done = subprocess.run(
            [str(path), *arguments, *target],
            env={"PATH": os.environ.get("PATH", ""), "PGPASSWORD": password, "PGCLIENTENCODING": "UTF8"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise CannotStart(f"{program} failed: {done.stderr.strip()[-2000:]}")


def client_programs(environ: Mapping[str, str], *, told: str | None = None) -> Path:
    """The folder with pg_dump, pg_restore and psql."""
    named = told or environ.get("PLANTGOV_PG_BIN")
    if named:
        return Path(named)
    on_path = shutil.which("pg_dump")
    if on_path and Path(on_path).is_file():
        # Debian's pg_dump on PATH is a wrapper that picks the newest version; the others stand beside it.
        return Path(on_path).parent
    return programs.find_postgres(environ=environ).folder
