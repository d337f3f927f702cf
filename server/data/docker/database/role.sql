-- Read by the image of PostgreSQL once, when it makes the database. The nodes' role owns their database and is nothing else: it reads no file of
-- the machine, starts no program and sees no other database.
\getenv password POSTGRES_PASSWORD
create role portico login password :'password';
create database portico owner portico;
revoke connect on database postgres from public;
-- The superuser is let in by the container's own socket alone: docker compose exec postgres psql --username=postgres
alter role postgres password null;
