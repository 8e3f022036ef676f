CREATE TABLE IF NOT EXISTS "lab.image" (
  "id" INT NOT NULL CONSTRAINT "id" CHECK ("id" BETWEEN -2147483648 AND 2147483647),
  "pixels" BLOB NOT NULL,
  PRIMARY KEY ("id")
) STRICT;

INSERT INTO "~tables" ("schema", "name", "comment", "definition") VALUES (?, ?, ?, ?) ON CONFLICT ("schema", "name") DO UPDATE SET "comment" = excluded."comment", "definition" = excluded."definition";
-- 'lab'
-- 'image'
-- ''
-- 'id : int32\n---\npixels : <blob>\n'

INSERT INTO "~columns" ("schema", "table_name", "name", "ordinal", "comment") VALUES (?, ?, ?, ?, ?), (?, ?, ?, ?, ?) ON CONFLICT ("schema", "table_name", "name") DO UPDATE SET "ordinal" = excluded."ordinal", "comment" = excluded."comment";
-- 'lab'
-- 'image'
-- 'id'
-- 0
-- ':int32:'
-- 'lab'
-- 'image'
-- 'pixels'
-- 1
-- ':<blob>:'
