SELECT t1."mouse", t1."sex" FROM "lab.mouse" AS t1 ORDER BY CASE t1."sex" WHEN ? THEN 0 WHEN ? THEN 1 END, t1."mouse" DESC LIMIT 2;
-- 'F'
-- 'M'
