CREATE TABLE IF NOT EXISTS "lab.setting" (
  "value" TEXT NOT NULL CONSTRAINT "value" CHECK (length("value") <= 8),
  "_singleton" INTEGER NOT NULL DEFAULT 1 CONSTRAINT "_singleton" CHECK ("_singleton" IN (0, 1)),
  PRIMARY KEY ("_singleton")
) STRICT, WITHOUT ROWID;

INSERT INTO "~tables" ("schema", "name", "comment", "definition") VALUES (?, ?, ?, ?) ON CONFLICT ("schema", "name") DO UPDATE SET "comment" = excluded."comment", "definition" = excluded."definition";
-- 'lab'
-- 'setting'
-- ''
-- '---\nvalue : varchar(8)\n'

INSERT INTO "~columns" ("schema", "table_name", "name", "ordinal", "comment") VALUES (?, ?, ?, ?, ?), (?, ?, ?, ?, ?) ON CONFLICT ("schema", "table_name", "name") DO UPDATE SET "ordinal" = excluded."ordinal", "comment" = excluded."comment";
-- 'lab'
-- 'setting'
-- 'value'
-- 0
-- ':varchar(8):'
-- 'lab'
-- 'setting'
-- '_singleton'
-- 1
-- ':bool:singleton primary key'
