SELECT t1."mouse", t1."sess", CAST(dm_json_number((t1."meta" -> ?)) AS REAL) AS "gain" FROM "lab.session" AS t1;
-- '$.gain'
