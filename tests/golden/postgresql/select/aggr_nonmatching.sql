SELECT t1."mouse", t1."sess", COALESCE(t2."_1", %s::bigint) AS "n" FROM "lab"."session" AS t1 JOIN (SELECT t3."mouse", t3."sess", COUNT(*) AS "_1" FROM "lab"."trial" AS t3 WHERE (t3."rt" < %s::double precision) GROUP BY t3."mouse", t3."sess") AS t2 ON t1."mouse" = t2."mouse" AND t1."sess" = t2."sess";
-- 0
-- 0.5
