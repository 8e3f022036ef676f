SELECT t1."mouse", t1."sess", t1."day", t1."score", t1."meta" FROM "lab.session" AS t1 WHERE (CAST(dm_json_number((t1."meta" -> ?)) AS REAL) = ?) AND (dm_json_unquote((t1."meta" -> ?)) = ?);
-- '$.gain'
-- 2.5
-- '$.name'
-- 'x'
