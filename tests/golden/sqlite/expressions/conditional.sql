CASE WHEN ("n" > ?) THEN ? ELSE "name" END;
-- 1
-- 'a'

CASE WHEN "flag" THEN CAST("n" AS REAL) ELSE "x" END;

COALESCE("n", ?);
-- 0

NULLIF("n", ?);
-- 0

max("n", ?);
-- 1

min("p" COLLATE decimal, ?);
-- '1'
