CREATE TABLE IF NOT EXISTS "lab.subject" (
  "subject" INTEGER NOT NULL CONSTRAINT "subject" CHECK ("subject" BETWEEN -2147483648 AND 2147483647),
  "sex" TEXT NOT NULL CONSTRAINT "sex" CHECK ("sex" IN ('M', 'F')),
  PRIMARY KEY ("subject")
) STRICT, WITHOUT ROWID;

INSERT INTO "~tables" ("schema", "name", "comment", "definition") VALUES (?, ?, ?, ?) ON CONFLICT ("schema", "name") DO UPDATE SET "comment" = excluded."comment", "definition" = excluded."definition";
-- 'lab'
-- 'subject'
-- ''
-- "subject : int32 # ear tag\n---\nsex : enum('M','F')\n"

INSERT INTO "~columns" ("schema", "table_name", "name", "ordinal", "comment") VALUES (?, ?, ?, ?, ?), (?, ?, ?, ?, ?) ON CONFLICT ("schema", "table_name", "name") DO UPDATE SET "ordinal" = excluded."ordinal", "comment" = excluded."comment";
-- 'lab'
-- 'subject'
-- 'subject'
-- 0
-- ':int32:ear tag'
-- 'lab'
-- 'subject'
-- 'sex'
-- 1
-- ":enum('M','F'):"
