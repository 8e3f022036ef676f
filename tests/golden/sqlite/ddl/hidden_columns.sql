CREATE TABLE IF NOT EXISTS "lab.__result" (
  "id" INTEGER NOT NULL CONSTRAINT "id" CHECK ("id" BETWEEN -2147483648 AND 2147483647),
  "_job_start_time" TEXT DEFAULT NULL CONSTRAINT "_job_start_time" CHECK ("_job_start_time" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9]'),
  "_job_version" TEXT NOT NULL DEFAULT '' CONSTRAINT "_job_version" CHECK (length("_job_version") <= 64),
  PRIMARY KEY ("id")
) STRICT, WITHOUT ROWID;

INSERT INTO "~tables" ("schema", "name", "comment", "definition") VALUES (?, ?, ?, ?) ON CONFLICT ("schema", "name") DO UPDATE SET "comment" = excluded."comment", "definition" = excluded."definition";
-- 'lab'
-- '__result'
-- ''
-- 'id : int32\n'

INSERT INTO "~columns" ("schema", "table_name", "name", "ordinal", "comment") VALUES (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?) ON CONFLICT ("schema", "table_name", "name") DO UPDATE SET "ordinal" = excluded."ordinal", "comment" = excluded."comment";
-- 'lab'
-- '__result'
-- 'id'
-- 0
-- ':int32:'
-- 'lab'
-- '__result'
-- '_job_start_time'
-- 1
-- ':datetime(3):when computation began'
-- 'lab'
-- '__result'
-- '_job_version'
-- 2
-- ':varchar(64):code version'
