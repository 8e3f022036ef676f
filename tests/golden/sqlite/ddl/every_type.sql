CREATE TABLE IF NOT EXISTS "lab.every_type" (
  "id" INT NOT NULL,
  "a0" INTEGER NOT NULL CONSTRAINT "a0" CHECK ("a0" BETWEEN -128 AND 127),
  "a1" INTEGER NOT NULL CONSTRAINT "a1" CHECK ("a1" BETWEEN -32768 AND 32767),
  "a2" INTEGER NOT NULL CONSTRAINT "a2" CHECK ("a2" BETWEEN -2147483648 AND 2147483647),
  "a3" INTEGER NOT NULL,
  "a4" INTEGER NOT NULL CONSTRAINT "a4" CHECK ("a4" BETWEEN 0 AND 255),
  "a5" INTEGER NOT NULL CONSTRAINT "a5" CHECK ("a5" BETWEEN 0 AND 65535),
  "a6" INTEGER NOT NULL CONSTRAINT "a6" CHECK ("a6" BETWEEN 0 AND 4294967295),
  "a7" TEXT COLLATE decimal NOT NULL,
  "a8" REAL NOT NULL,
  "a9" REAL NOT NULL,
  "a10" INTEGER NOT NULL CONSTRAINT "a10" CHECK ("a10" IN (0, 1)),
  "a11" TEXT NOT NULL CONSTRAINT "a11" CHECK ("a11" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
  "a12" TEXT NOT NULL CONSTRAINT "a12" CHECK ("a12" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-5][0-9]'),
  "a13" TEXT NOT NULL CONSTRAINT "a13" CHECK ("a13" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-5][0-9]'),
  "a14" TEXT NOT NULL CONSTRAINT "a14" CHECK ("a14" GLOB '[0-2][0-9]:[0-5][0-9]:[0-5][0-9]'),
  "a15" BLOB NOT NULL CONSTRAINT "a15" CHECK (length("a15") = 16),
  "a16" TEXT NOT NULL CONSTRAINT "a16" CHECK (json_valid("a16")),
  "a17" BLOB NOT NULL,
  "a18" TEXT COLLATE decimal NOT NULL,
  "a19" TEXT NOT NULL CONSTRAINT "a19" CHECK (length("a19") <= 5),
  "a20" TEXT NOT NULL CONSTRAINT "a20" CHECK (length("a20") <= 30),
  "a21" TEXT NOT NULL CONSTRAINT "a21" CHECK ("a21" IN ('b', 'a', 'it''s')),
  "a22" TEXT NOT NULL CONSTRAINT "a22" CHECK ("a22" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9]'),
  "a23" TEXT NOT NULL CONSTRAINT "a23" CHECK ("a23" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]'),
  "a24" TEXT NOT NULL CONSTRAINT "a24" CHECK ("a24" GLOB '[0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9]'),
  PRIMARY KEY ("id")
) STRICT;

INSERT INTO "~tables" ("schema", "name", "comment", "definition") VALUES (?, ?, ?, ?) ON CONFLICT ("schema", "name") DO UPDATE SET "comment" = excluded."comment", "definition" = excluded."definition";
-- 'lab'
-- 'every_type'
-- ''
-- "id : int64\n---\na0 : int8\na1 : int16\na2 : int32\na3 : int64\na4 : uint8\na5 : uint16\na6 : uint32\na7 : uint64\na8 : float32\na9 : float64\na10 : bool\na11 : date\na12 : datetime\na13 : timestamp\na14 : time\na15 : uuid\na16 : json\na17 : bytes\na18 : decimal(8,2)\na19 : char(5)\na20 : varchar(30)\na21 : enum('b','a','it''s')\na22 : datetime(3)\na23 : timestamp(6)\na24 : time(1)\n"

INSERT INTO "~columns" ("schema", "table_name", "name", "ordinal", "comment") VALUES (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?) ON CONFLICT ("schema", "table_name", "name") DO UPDATE SET "ordinal" = excluded."ordinal", "comment" = excluded."comment";
-- 'lab'
-- 'every_type'
-- 'id'
-- 0
-- ':int64:'
-- 'lab'
-- 'every_type'
-- 'a0'
-- 1
-- ':int8:'
-- 'lab'
-- 'every_type'
-- 'a1'
-- 2
-- ':int16:'
-- 'lab'
-- 'every_type'
-- 'a2'
-- 3
-- ':int32:'
-- 'lab'
-- 'every_type'
-- 'a3'
-- 4
-- ':int64:'
-- 'lab'
-- 'every_type'
-- 'a4'
-- 5
-- ':uint8:'
-- 'lab'
-- 'every_type'
-- 'a5'
-- 6
-- ':uint16:'
-- 'lab'
-- 'every_type'
-- 'a6'
-- 7
-- ':uint32:'
-- 'lab'
-- 'every_type'
-- 'a7'
-- 8
-- ':uint64:'
-- 'lab'
-- 'every_type'
-- 'a8'
-- 9
-- ':float32:'
-- 'lab'
-- 'every_type'
-- 'a9'
-- 10
-- ':float64:'
-- 'lab'
-- 'every_type'
-- 'a10'
-- 11
-- ':bool:'
-- 'lab'
-- 'every_type'
-- 'a11'
-- 12
-- ':date:'
-- 'lab'
-- 'every_type'
-- 'a12'
-- 13
-- ':datetime:'
-- 'lab'
-- 'every_type'
-- 'a13'
-- 14
-- ':timestamp:'
-- 'lab'
-- 'every_type'
-- 'a14'
-- 15
-- ':time:'
-- 'lab'
-- 'every_type'
-- 'a15'
-- 16
-- ':uuid:'
-- 'lab'
-- 'every_type'
-- 'a16'
-- 17
-- ':json:'
-- 'lab'
-- 'every_type'
-- 'a17'
-- 18
-- ':bytes:'
-- 'lab'
-- 'every_type'
-- 'a18'
-- 19
-- ':decimal(8,2):'
-- 'lab'
-- 'every_type'
-- 'a19'
-- 20
-- ':char(5):'
-- 'lab'
-- 'every_type'
-- 'a20'
-- 21
-- ':varchar(30):'
-- 'lab'
-- 'every_type'
-- 'a21'
-- 22
-- ":enum('b','a','it''s'):"
-- 'lab'
-- 'every_type'
-- 'a22'
-- 23
-- ':datetime(3):'
-- 'lab'
-- 'every_type'
-- 'a23'
-- 24
-- ':timestamp(6):'
-- 'lab'
-- 'every_type'
-- 'a24'
-- 25
-- ':time(1):'
