-- Run once as a superuser, in psql, on a server of PlantGov's own (PostgreSQL 15 or newer).
-- Then set the passwords:  \password plantgov_owner   and   \password plantgov
\set ON_ERROR_STOP on
CREATE ROLE plantgov_owner LOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS;
CREATE ROLE plantgov LOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS;
-- To see who holds back the sealing of the ledger, or a restore: statistics, no data.
GRANT pg_read_all_stats TO plantgov, plantgov_owner;
CREATE DATABASE plantgov OWNER plantgov_owner ENCODING 'UTF8' LOCALE 'C.UTF-8' TEMPLATE template0;
REVOKE ALL ON DATABASE plantgov FROM PUBLIC;
GRANT CONNECT ON DATABASE plantgov TO plantgov;
\connect plantgov
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO plantgov_owner;
GRANT USAGE ON SCHEMA public TO plantgov;
ALTER DEFAULT PRIVILEGES FOR ROLE plantgov_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO plantgov;
ALTER DEFAULT PRIVILEGES FOR ROLE plantgov_owner IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO plantgov;
