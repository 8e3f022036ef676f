CREATE TABLE IF NOT EXISTS "lab.#rig" (
  "rig" TEXT NOT NULL CONSTRAINT "rig" CHECK (length("rig") <= 16),
  PRIMARY KEY ("rig")
) STRICT, WITHOUT ROWID;

INSERT INTO "~tables" ("schema", "name", "comment", "definition") VALUES (?, ?, ?, ?) ON CONFLICT ("schema", "name") DO UPDATE SET "comment" = excluded."comment", "definition" = excluded."definition";
-- 'lab'
-- '#rig'
-- 'places to record'
-- '# places to record\nrig : varchar(16) # it\'s the "name"\n'

INSERT INTO "~columns" ("schema", "table_name", "name", "ordinal", "comment") VALUES (?, ?, ?, ?, ?) ON CONFLICT ("schema", "table_name", "name") DO UPDATE SET "ordinal" = excluded."ordinal", "comment" = excluded."comment";
-- 'lab'
-- '#rig'
-- 'rig'
-- 0
-- ':varchar(16):it\'s the "name"'
