CREATE TABLE IF NOT EXISTS "exp.__scan__frame" (
  "subject" INTEGER NOT NULL CONSTRAINT "subject" CHECK ("subject" BETWEEN -2147483648 AND 2147483647),
  "session" INTEGER NOT NULL CONSTRAINT "session" CHECK ("session" BETWEEN 0 AND 255),
  "frame" INTEGER NOT NULL CONSTRAINT "frame" CHECK ("frame" BETWEEN 0 AND 65535),
  "image" BLOB NOT NULL,
  PRIMARY KEY ("subject", "session", "frame"),
  FOREIGN KEY ("subject", "session") REFERENCES "exp.__scan" ("subject", "session") ON UPDATE CASCADE ON DELETE RESTRICT
) STRICT;

INSERT INTO "~tables" ("schema", "name", "comment", "definition") VALUES (?, ?, ?, ?) ON CONFLICT ("schema", "name") DO UPDATE SET "comment" = excluded."comment", "definition" = excluded."definition";
-- 'exp'
-- '__scan__frame'
-- ''
-- '-> `exp`.`__scan`\nframe : uint16\n---\nimage : <blob>\n'

INSERT INTO "~columns" ("schema", "table_name", "name", "ordinal", "comment") VALUES (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?) ON CONFLICT ("schema", "table_name", "name") DO UPDATE SET "ordinal" = excluded."ordinal", "comment" = excluded."comment";
-- 'exp'
-- '__scan__frame'
-- 'subject'
-- 0
-- ':int32:'
-- 'exp'
-- '__scan__frame'
-- 'session'
-- 1
-- ':uint8:'
-- 'exp'
-- '__scan__frame'
-- 'frame'
-- 2
-- ':uint16:'
-- 'exp'
-- '__scan__frame'
-- 'image'
-- 3
-- ':<blob>:'
