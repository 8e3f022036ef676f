CREATE TABLE IF NOT EXISTS "lab.indexed" (
  "a" INTEGER NOT NULL CONSTRAINT "a" CHECK ("a" BETWEEN -2147483648 AND 2147483647),
  "b" INTEGER NOT NULL CONSTRAINT "b" CHECK ("b" BETWEEN -2147483648 AND 2147483647),
  "c" TEXT NOT NULL CONSTRAINT "c" CHECK (length("c") <= 8),
  PRIMARY KEY ("a")
) STRICT, WITHOUT ROWID;

CREATE INDEX "idx_lab.indexed.b_c" ON "lab.indexed" ("b", "c");

CREATE UNIQUE INDEX "idx_lab.indexed.c" ON "lab.indexed" ("c");

CREATE UNIQUE INDEX "idx_lab.indexed.b_c_2" ON "lab.indexed" ("b", "c");

INSERT INTO "~tables" ("schema", "name", "comment", "definition") VALUES (?, ?, ?, ?) ON CONFLICT ("schema", "name") DO UPDATE SET "comment" = excluded."comment", "definition" = excluded."definition";
-- 'lab'
-- 'indexed'
-- ''
-- 'a : int32\n---\nb : int32\nc : varchar(8)\nindex (b, c)\nunique index (c)\nunique index (b, c)\n'

INSERT INTO "~columns" ("schema", "table_name", "name", "ordinal", "comment") VALUES (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?) ON CONFLICT ("schema", "table_name", "name") DO UPDATE SET "ordinal" = excluded."ordinal", "comment" = excluded."comment";
-- 'lab'
-- 'indexed'
-- 'a'
-- 0
-- ':int32:'
-- 'lab'
-- 'indexed'
-- 'b'
-- 1
-- ':int32:'
-- 'lab'
-- 'indexed'
-- 'c'
-- 2
-- ':varchar(8):'
