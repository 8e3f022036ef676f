SELECT t1."mouse", t1."sess", t1."day", COALESCE(t2."_1", %s::bigint) AS "n", t2."_2" AS "mean" FROM "lab"."session" AS t1 LEFT JOIN (SELECT t3."mouse", t3."sess", COUNT(*) AS "_1", AVG((t3."rt")::double precision) AS "_2" FROM "lab"."trial" AS t3 GROUP BY t3."mouse", t3."sess") AS t2 ON t1."mouse" = t2."mouse" AND t1."sess" = t2."sess";
-- 0
