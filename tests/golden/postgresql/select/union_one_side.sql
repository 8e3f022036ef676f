SELECT t1."mouse", t1."sess", t1."day" FROM (SELECT t2."mouse", t2."sess", t2."day" FROM "lab"."session" AS t2 UNION ALL SELECT t3."mouse", t3."sess", NULL AS "day" FROM "lab"."session" AS t3 WHERE t3."mouse" = %s AND NOT EXISTS (SELECT 1 FROM "lab"."session" AS t4 WHERE t4."mouse" = t3."mouse" AND t4."sess" = t3."sess")) AS t1;
-- 2
