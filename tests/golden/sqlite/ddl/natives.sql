CREATE TABLE IF NOT EXISTS "lab.old" (
  "id" INTEGER PRIMARY KEY AUTOINCREMENT,
  "n" INTEGER NOT NULL CONSTRAINT "n" CHECK ("n" BETWEEN 0 AND 65535),
  "t" TEXT NOT NULL
) STRICT;

INSERT INTO "~tables" ("schema", "name", "comment", "definition") VALUES (?, ?, ?, ?) ON CONFLICT ("schema", "name") DO UPDATE SET "comment" = excluded."comment", "definition" = excluded."definition";
-- 'lab'
-- 'old'
-- ''
-- 'id : int auto_increment\n---\nn : smallint unsigned\nt : mediumtext\n'

INSERT INTO "~columns" ("schema", "table_name", "name", "ordinal", "comment") VALUES (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?) ON CONFLICT ("schema", "table_name", "name") DO UPDATE SET "ordinal" = excluded."ordinal", "comment" = excluded."comment";
-- 'lab'
-- 'old'
-- 'id'
-- 0
-- ':int auto_increment:'
-- 'lab'
-- 'old'
-- 'n'
-- 1
-- ':smallint unsigned:'
-- 'lab'
-- 'old'
-- 't'
-- 2
-- ':mediumtext:'
