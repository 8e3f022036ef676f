CREATE TABLE IF NOT EXISTS "lab.~lineage" (
  "table_name" TEXT NOT NULL CONSTRAINT "table_name" CHECK (length("table_name") <= 64),
  "attribute_name" TEXT NOT NULL CONSTRAINT "attribute_name" CHECK (length("attribute_name") <= 64),
  "lineage" TEXT NOT NULL CONSTRAINT "lineage" CHECK (length("lineage") <= 255),
  PRIMARY KEY ("table_name", "attribute_name")
) STRICT, WITHOUT ROWID;

INSERT INTO "~tables" ("schema", "name", "comment", "definition") VALUES (?, ?, ?, ?) ON CONFLICT ("schema", "name") DO UPDATE SET "comment" = excluded."comment", "definition" = excluded."definition";
-- 'lab'
-- '~lineage'
-- ''
-- 'table_name : varchar(64) # table name within the schema\nattribute_name : varchar(64) # attribute name\n---\nlineage : varchar(255) # origin: schema.table.attribute\n'

INSERT INTO "~columns" ("schema", "table_name", "name", "ordinal", "comment") VALUES (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?) ON CONFLICT ("schema", "table_name", "name") DO UPDATE SET "ordinal" = excluded."ordinal", "comment" = excluded."comment";
-- 'lab'
-- '~lineage'
-- 'table_name'
-- 0
-- ':varchar(64):table name within the schema'
-- 'lab'
-- '~lineage'
-- 'attribute_name'
-- 1
-- ':varchar(64):attribute name'
-- 'lab'
-- '~lineage'
-- 'lineage'
-- 2
-- ':varchar(255):origin: schema.table.attribute'
