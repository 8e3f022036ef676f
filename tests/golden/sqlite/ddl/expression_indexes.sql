CREATE TABLE IF NOT EXISTS "lab.note" (
  "id" INT NOT NULL CONSTRAINT "id" CHECK ("id" BETWEEN -2147483648 AND 2147483647),
  "tag" TEXT NOT NULL CONSTRAINT "tag" CHECK (length("tag") <= 8),
  "meta" TEXT NOT NULL CONSTRAINT "meta" CHECK (json_valid("meta")),
  PRIMARY KEY ("id")
) STRICT;

CREATE UNIQUE INDEX "idx_lab.note.LOWER_tag" ON "lab.note" ((dm_lower("tag")));

CREATE INDEX "idx_lab.note.tag_meta_cam_0_gain_int32" ON "lab.note" ("tag", (dm_to_int(dm_json_number(("meta" -> '$.cam[0].gain')))));

CREATE INDEX "idx_lab.note.meta_name" ON "lab.note" ((dm_json_unquote("meta" -> '$.name')));

INSERT INTO "~tables" ("schema", "name", "comment", "definition") VALUES (?, ?, ?, ?) ON CONFLICT ("schema", "name") DO UPDATE SET "comment" = excluded."comment", "definition" = excluded."definition";
-- 'lab'
-- 'note'
-- ''
-- 'id : int32\n---\ntag : varchar(8)\nmeta : json\nunique index ((LOWER(tag)))\nindex (tag, meta.cam[0].gain:int32)\nindex (meta.name)\n'

INSERT INTO "~columns" ("schema", "table_name", "name", "ordinal", "comment") VALUES (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?) ON CONFLICT ("schema", "table_name", "name") DO UPDATE SET "ordinal" = excluded."ordinal", "comment" = excluded."comment";
-- 'lab'
-- 'note'
-- 'id'
-- 0
-- ':int32:'
-- 'lab'
-- 'note'
-- 'tag'
-- 1
-- ':varchar(8):'
-- 'lab'
-- 'note'
-- 'meta'
-- 2
-- ':json:'
