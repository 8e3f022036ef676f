SELECT t1."mouse", t1."sess" FROM (SELECT t2."mouse", t2."sess" FROM "lab"."session" AS t2 WHERE t2."mouse" = %s UNION SELECT t3."mouse", t3."sess" FROM "lab"."session" AS t3 WHERE t3."mouse" = %s) AS t1;
-- 1
-- 2
