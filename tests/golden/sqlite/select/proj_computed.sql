SELECT t1."mouse", t1."sess", t1."day" AS "again", dm_finite((t1."score" * ?), t1."score") AS "double" FROM "lab.session" AS t1;
-- 2.0
