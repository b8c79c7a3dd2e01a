"""The two database roles: one owns the tables, the other works with them."""

from psycopg import Connection, sql

from plantgov.embedded import postgres
from plantgov.embedded.place import Place

OWNER = "plantgov_owner"
RUNTIME = "plantgov"
EXTENSIONS = ("btree_gist", "pg_trgm")


def ensure_roles_and_database(place: Place, port: int, *, for_tests: bool) -> None:
    """Bring roles, database, extensions and default privileges to what they should be."""
    with postgres.connect_as_superuser(place, port) as connection:
        _ensure_role(connection, OWNER, place.secret("owner.password"), may_create_db=for_tests)
        _ensure_role(connection, RUNTIME, place.secret("runtime.password"), may_create_db=False)
        # To see who holds back the sealing of the ledger, or a restore; shows statistics, no data.
        connection.execute(
            sql.SQL("GRANT pg_read_all_stats TO {}, {}").format(
                sql.Identifier(RUNTIME), sql.Identifier(OWNER)
            )
        )
        _ensure_database(connection, place.database)
    _ensure_inside(place, port, place.database)
    if for_tests:
        _ensure_inside(place, port, "template1")


def url(place: Place, port: int, role: str) -> str:
    """The database's address for one of the two roles."""
    secret = "owner.password" if role == OWNER else "runtime.password"
    return f"postgres://{role}:{place.secret(secret)}@127.0.0.1:{port}/{place.database}"


def _ensure_role(connection: Connection, role: str, password: str, *, may_create_db: bool) -> None:
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
    connection.execute(
        sql.SQL(
            "{verb} ROLE {role} LOGIN NOSUPERUSER NOCREATEROLE NOREPLICATION NOBYPASSRLS "
            "{createdb} PASSWORD {verifier}"
        ).format(
            verb=sql.SQL("ALTER" if known else "CREATE"),
            role=sql.Identifier(role),
            createdb=sql.SQL("CREATEDB" if may_create_db else "NOCREATEDB"),
            verifier=sql.Literal(verifier.decode()),
        )
    )


def _ensure_database(connection: Connection, name: str) -> None:
    known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
    database, owner, runtime = (sql.Identifier(one) for one in (name, OWNER, RUNTIME))
    if not known:
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, owner))
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
    connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, runtime))


def _ensure_inside(place: Place, port: int, database: str) -> None:
    """Make extensions and default privileges; these belong to one database each."""
    with postgres.connect_as_superuser(place, port, database) as connection:
        for extension in EXTENSIONS:
            connection.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(extension)))
        for statement in RUNTIME_PRIVILEGES:
            connection.execute(
                sql.SQL(statement).format(owner=sql.Identifier(OWNER), runtime=sql.Identifier(RUNTIME))
            )


RUNTIME_PRIVILEGES = (
    "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
    "GRANT USAGE, CREATE ON SCHEMA public TO {owner}",
    "GRANT USAGE ON SCHEMA public TO {runtime}",
    "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public "
    "GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {runtime}",
    "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public "
    "GRANT USAGE, SELECT ON SEQUENCES TO {runtime}",
)
