INSERT INTO "~schemas" ("name") VALUES (?) ON CONFLICT ("name") DO NOTHING;
-- 'lab'

DROP TABLE IF EXISTS "lab.#rig";

DELETE FROM "~columns" WHERE "schema" = ? AND "table_name" = ?;
-- 'lab'
-- '#rig'

DELETE FROM "~tables" WHERE "schema" = ? AND "name" = ?;
-- 'lab'
-- '#rig'

DELETE FROM "~schemas" WHERE "name" = ?;
-- 'lab'
