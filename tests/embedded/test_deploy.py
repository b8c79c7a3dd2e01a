"""What `deploy/` ships does what the launcher does."""

import subprocess

import psycopg

from plantgov.embedded import postgres, processes, programs, roles
from plantgov.embedded.place import CHECKOUT, Place
from plantgov.embedded.programs import Postgres

DEFAULTS = """SELECT defaclobjtype::text, a::text FROM pg_default_acl, unnest(defaclacl) a
    WHERE a::text NOT LIKE 'plantgov_owner=%' ORDER BY 1, 2"""
ATTRIBUTES = """SELECT rolname, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls, rolcanlogin
    FROM pg_roles WHERE rolname LIKE 'plantgov%' ORDER BY 1"""


def state(place: Place, port: int) -> list:
    with postgres.connect_as_superuser(place, port, "plantgov") as connection:
        return [connection.execute(query).fetchall() for query in (DEFAULTS, ATTRIBUTES)]


def cluster(place: Place, found: Postgres):
    place.prepare()
    made = postgres.Cluster(place, found, place.identity())
    postgres.initialise(made)
    return postgres.start(made)


def test_prepare_sql_makes_the_same_roles_and_privileges_as_the_launcher(folder, source):
    found = programs.find_postgres(environ={}, source=source)
    by_hand, by_launcher = Place(folder / "hand", "temp"), Place(folder / "launcher", "temp")
    servers = []
    try:
        process, port = cluster(by_hand, found)
        servers.append(process)
        address = psycopg.conninfo.make_conninfo(
            host="127.0.0.1", port=port, user="postgres", dbname="postgres"
        )
        done = subprocess.run(
            [
                found.program("psql"),
                "--no-psqlrc",
                "--quiet",
                f"--file={CHECKOUT}/deploy/postgresql/prepare.sql",
                address,
            ],
            env={"PGPASSWORD": by_hand.secret("postgres.password"), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        other, other_port = cluster(by_launcher, found)
        servers.append(other)
        roles.ensure_roles_and_database(by_launcher, other_port, for_tests=False)
        assert state(by_hand, port) == state(by_launcher, other_port)
    finally:
        for process in servers:
            processes.end(process, death=postgres.DEATH)


def test_units_name_commands_that_exist():
    units = sorted((CHECKOUT / "deploy" / "systemd").glob("*.service"))
    assert len(units) == 6
    for unit in units:
        started = [line for line in unit.read_text().splitlines() if line.startswith("ExecStart=")]
        assert started, unit.name
        for line in started:
            assert any(
                part in line for part in ("manage.py ", "gunicorn plantgov.wsgi", "celery --app plantgov")
            )
