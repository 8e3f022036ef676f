CREATE TABLE IF NOT EXISTS "lab.defaults" (
  "id" INT NOT NULL CONSTRAINT "id" CHECK ("id" BETWEEN -2147483648 AND 2147483647),
  "count" INTEGER NOT NULL DEFAULT -5 CONSTRAINT "count" CHECK ("count" BETWEEN -32768 AND 32767),
  "big" TEXT COLLATE decimal NOT NULL DEFAULT '18446744073709551615',
  "price" TEXT COLLATE decimal NOT NULL DEFAULT '1.50',
  "ratio" REAL NOT NULL DEFAULT 0.1,
  "ok" INTEGER NOT NULL DEFAULT 1 CONSTRAINT "ok" CHECK ("ok" IN (0, 1)),
  "note" TEXT NOT NULL DEFAULT 'it''s 50 % \ "ok"' CONSTRAINT "note" CHECK (length("note") <= 30),
  "made" TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP CONSTRAINT "made" CHECK ("made" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-5][0-9]'),
  "seen" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')) CONSTRAINT "seen" CHECK ("seen" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9]'),
  "exact" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now') || '000') CONSTRAINT "exact" CHECK ("exact" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]'),
  "coarse" TEXT NOT NULL DEFAULT (substr(strftime('%Y-%m-%d %H:%M:%f', 'now'), 1, 21)) CONSTRAINT "coarse" CHECK ("coarse" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9]'),
  "day" TEXT NOT NULL DEFAULT CURRENT_DATE CONSTRAINT "day" CHECK ("day" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
  "clock" TEXT NOT NULL DEFAULT (strftime('%H:%M:%f', 'now') || '0') CONSTRAINT "clock" CHECK ("clock" GLOB '[0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9][0-9]'),
  "nothing" TEXT DEFAULT NULL CONSTRAINT "nothing" CHECK (json_valid("nothing")),
  PRIMARY KEY ("id")
) STRICT;

INSERT INTO "~tables" ("schema", "name", "comment", "definition") VALUES (?, ?, ?, ?) ON CONFLICT ("schema", "name") DO UPDATE SET "comment" = excluded."comment", "definition" = excluded."definition";
-- 'lab'
-- 'defaults'
-- ''
-- 'id : int32\n---\ncount=-5 : int16\nbig=18446744073709551615 : uint64\nprice=1.50 : decimal(8,2)\nratio=0.1 : float64\nok=1 : bool\nnote=\'it\'\'s 50 % \\ "ok"\' : varchar(30)\nmade=CURRENT_TIMESTAMP : datetime\nseen=CURRENT_TIMESTAMP(3) : datetime(3)\nexact=CURRENT_TIMESTAMP(6) : timestamp(6)\ncoarse=CURRENT_TIMESTAMP(1) : datetime(1)\nday=CURRENT_TIMESTAMP : date\nclock=CURRENT_TIMESTAMP(4) : time(4)\nnothing=null : json\n'

INSERT INTO "~columns" ("schema", "table_name", "name", "ordinal", "comment") VALUES (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?) ON CONFLICT ("schema", "table_name", "name") DO UPDATE SET "ordinal" = excluded."ordinal", "comment" = excluded."comment";
-- 'lab'
-- 'defaults'
-- 'id'
-- 0
-- ':int32:'
-- 'lab'
-- 'defaults'
-- 'count'
-- 1
-- ':int16:'
-- 'lab'
-- 'defaults'
-- 'big'
-- 2
-- ':uint64:'
-- 'lab'
-- 'defaults'
-- 'price'
-- 3
-- ':decimal(8,2):'
-- 'lab'
-- 'defaults'
-- 'ratio'
-- 4
-- ':float64:'
-- 'lab'
-- 'defaults'
-- 'ok'
-- 5
-- ':bool:'
-- 'lab'
-- 'defaults'
-- 'note'
-- 6
-- ':varchar(30):'
-- 'lab'
-- 'defaults'
-- 'made'
-- 7
-- ':datetime:'
-- 'lab'
-- 'defaults'
-- 'seen'
-- 8
-- ':datetime(3):'
-- 'lab'
-- 'defaults'
-- 'exact'
-- 9
-- ':timestamp(6):'
-- 'lab'
-- 'defaults'
-- 'coarse'
-- 10
-- ':datetime(1):'
-- 'lab'
-- 'defaults'
-- 'day'
-- 11
-- ':date:'
-- 'lab'
-- 'defaults'
-- 'clock'
-- 12
-- ':time(4):'
-- 'lab'
-- 'defaults'
-- 'nothing'
-- 13
-- ':json:'
