SELECT t1."mouse", t1."sex" FROM "lab"."mouse" AS t1 ORDER BY t1."sex" NULLS FIRST, t1."mouse" DESC NULLS LAST LIMIT 2;
