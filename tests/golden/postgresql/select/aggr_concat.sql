SELECT t1."mouse", t1."sess", t2."_1" AS "rigs" FROM "lab"."session" AS t1 LEFT JOIN (SELECT t3."mouse", t3."sess", STRING_AGG(t3."rig", %s::text ORDER BY t3."mouse" NULLS FIRST, t3."sess" NULLS FIRST, t3."t" NULLS FIRST) AS "_1" FROM "lab"."trial" AS t3 GROUP BY t3."mouse", t3."sess") AS t2 ON t1."mouse" = t2."mouse" AND t1."sess" = t2."sess";
-- ','
