"""The SQL that Django has no words for, versioned, for use in migrations."""

from django.db.migrations.operations import RunSQL

# A deferred trigger on every governed table. At commit it looks for an entry of *this* transaction about
# *this* row. A role that owns the table may write without one, which leaves an `unattributed` entry that
# opens nothing; every other role is refused. It decides by session_user: SET ROLE changes nothing.
# Transaction numbers begin anew in a restored cluster, so the cluster has to be the same too.
GUARD_FUNCTION_V1 = """
CREATE OR REPLACE FUNCTION plantgov_guard() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $guard$
DECLARE
    before jsonb := CASE WHEN TG_OP = 'INSERT' THEN NULL ELSE to_jsonb(OLD) END;
    after jsonb := CASE WHEN TG_OP = 'DELETE' THEN NULL ELSE to_jsonb(NEW) END;
    written_key text := coalesce(after, before) ->> TG_ARGV[0];
    table_owner oid := (SELECT relowner FROM pg_class WHERE oid = TG_RELID);
    column_name text;
BEGIN
    FOR i IN 1 .. TG_NARGS - 1 LOOP
        column_name := TG_ARGV[i];
        before := before - column_name;
        after := after - column_name;
    END LOOP;
    IF before IS NOT DISTINCT FROM after THEN
        RETURN NULL;
    END IF;
    IF EXISTS (SELECT 1 FROM public.audit_entry e WHERE e.xid = pg_current_xact_id()
               AND e.row_table = TG_TABLE_NAME AND e.row_key = written_key AND e.attributed
               AND e.system_identifier = (SELECT system_identifier FROM pg_control_system())) THEN
        RETURN NULL;
    END IF;
    IF NOT pg_has_role(session_user, table_owner, 'USAGE') THEN
        RAISE EXCEPTION 'PlantGov: % on % (key %) has no ledger entry in this transaction',
            TG_OP, TG_TABLE_NAME, written_key USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    PERFORM public.plantgov_unattributed(TG_TABLE_NAME, written_key, TG_OP, before, after);
    RETURN NULL;
END
$guard$;
"""

# Schema version 0: made by the database itself, so not canonical JSON, but hashed and sealed like the rest.
UNATTRIBUTED_FUNCTION_V1 = """
CREATE OR REPLACE FUNCTION plantgov_unattributed(
    written_table text, written_key text, operation text, before jsonb, after jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $entry$
DECLARE
    entry_uid uuid := gen_random_uuid();
    written_at timestamptz := clock_timestamp();
    body bytea := convert_to(jsonb_build_object(
        'v', 0, 'uid', entry_uid, 'at', to_char(written_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'action', 'unattributed.' || lower(operation), 'role', session_user,
        'row', jsonb_build_object('table', written_table, 'key', written_key),
        'before', before, 'after', after)::text, 'UTF8');
BEGIN
    INSERT INTO public.audit_entry (uid, schema_version, at, canonical, leaf_hash, attributed, action,
        actor_label, role, row_table, row_key, thing_kind, thing_label, thing_seq, before, after, location_ids,
        commitments, rule, reason, request_id, channel, acting_for_label)
    VALUES (entry_uid, 0, written_at, body, sha256('\\x00'::bytea || body), false,
        'unattributed.' || lower(operation), session_user, session_user, written_table, written_key,
        written_table, written_table || ' ' || written_key, 0, before, after, '{}',
        '{}', '', 'Written past the application', '', 'database', '');
END
$entry$;
REVOKE ALL ON FUNCTION plantgov_unattributed(text, text, text, jsonb, jsonb) FROM PUBLIC;
"""

# The transaction, the cluster and the attribution of an entry are the database's word, not the writer's.
ENTRY_STAMP_V1 = """
CREATE OR REPLACE FUNCTION plantgov_stamp_entry() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $stamp$
BEGIN
    NEW.xid := pg_current_xact_id();
    NEW.system_identifier := (SELECT system_identifier FROM pg_control_system());
    NEW.attributed := NEW.schema_version > 0;
    RETURN NEW;
END
$stamp$;
CREATE TRIGGER audit_entry_stamp BEFORE INSERT ON audit_entry
    FOR EACH ROW EXECUTE FUNCTION plantgov_stamp_entry();
"""

APPEND_ONLY_V1 = """
CREATE OR REPLACE FUNCTION plantgov_append_only() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $append$
BEGIN
    RAISE EXCEPTION 'PlantGov: % is append-only; % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END
$append$;
"""


def guard(table: str, *ignored: str, key: str = "id") -> RunSQL:
    """A migration operation that puts `table` under the guard; changes of `ignored` columns alone pass."""
    arguments = ", ".join(f"'{name}'" for name in (key, *ignored))
    return RunSQL(
        f"CREATE CONSTRAINT TRIGGER plantgov_guard AFTER INSERT OR UPDATE OR DELETE ON {table} "
        f"DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION plantgov_guard({arguments})",
        f"DROP TRIGGER plantgov_guard ON {table}",
    )


def append_only(table: str) -> RunSQL:
    """A migration operation that refuses every UPDATE, DELETE and TRUNCATE of `table`."""
    return RunSQL(
        f"CREATE TRIGGER plantgov_append_only BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION plantgov_append_only();"
        f"CREATE TRIGGER plantgov_no_truncate BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION plantgov_append_only();",
        f"DROP TRIGGER plantgov_append_only ON {table}; DROP TRIGGER plantgov_no_truncate ON {table}",
    )
