-- A hospital that uses more of PostgreSQL than tables. No script of the reference touches it.

-- Pictures are large objects.
CREATE TABLE pictures (id int PRIMARY KEY, taken date NOT NULL, content oid, preview oid);

-- The number on a wristband: no column is filled from it.
CREATE SEQUENCE wristbands START 1000;
CREATE SEQUENCE places_left INCREMENT -1 MINVALUE 1 MAXVALUE 9000 START 9000;
CREATE SEQUENCE queue_letters MAXVALUE 26 CYCLE;

CREATE TABLE beds_free (ward text PRIMARY KEY, beds int NOT NULL);
INSERT INTO beds_free VALUES ('north', 4), ('south', 7);
CREATE MATERIALIZED VIEW pictures_by_day AS SELECT taken, count(*) AS pictures FROM pictures GROUP BY taken;
CREATE MATERIALIZED VIEW beds_of_last_week AS SELECT ward, beds FROM beds_free;
CREATE MATERIALIZED VIEW beds_of_next_week AS SELECT ward, beds FROM beds_free WITH NO DATA;

CREATE TABLE readings (id int NOT NULL, at date NOT NULL, value numeric, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE readings_2025 PARTITION OF readings FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE readings_2026 PARTITION OF readings FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE readings_rest PARTITION OF readings DEFAULT;
INSERT INTO readings SELECT number, DATE '2025-11-01' + number, number FROM generate_series(1, 12000) number;

CREATE TABLE doses (id int PRIMARY KEY, weight_kg numeric(5, 1) NOT NULL, mg numeric GENERATED ALWAYS AS (weight_kg * 15) STORED);
INSERT INTO doses (id, weight_kg) SELECT number, 40 + number FROM generate_series(1, 60) number;

CREATE TYPE blood_group AS ENUM ('A', 'B', 'AB', '0');
CREATE FUNCTION blood_group_number(blood_group) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT array_position(enum_range(NULL::blood_group), $1) $$;
CREATE FUNCTION may_receive(blood_group, blood_group) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT $1 = $2 OR $2 = '0' OR $1 = 'AB' $$;
CREATE FUNCTION wristband() RETURNS bigint LANGUAGE sql AS $$ SELECT nextval('wristbands') $$;
CREATE CAST (blood_group AS int) WITH FUNCTION blood_group_number(blood_group) AS ASSIGNMENT;
CREATE TEXT SEARCH DICTIONARY plain_words (TEMPLATE = pg_catalog.simple, STOPWORDS = english);
CREATE TEXT SEARCH CONFIGURATION notes (COPY = pg_catalog.english);
ALTER TEXT SEARCH CONFIGURATION notes ALTER MAPPING FOR asciiword WITH plain_words;
CREATE PUBLICATION to_the_warehouse FOR TABLE pictures, readings;
-- Readings of old times are on another server, which nobody reads here.
CREATE FOREIGN DATA WRAPPER lake;
CREATE SERVER lake FOREIGN DATA WRAPPER lake;
CREATE FOREIGN TABLE old_readings (id int, value numeric) SERVER lake OPTIONS (file 'readings-2020');
CREATE FUNCTION note_change() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN NULL; END $$;
