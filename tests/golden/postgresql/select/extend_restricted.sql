SELECT t1."mouse", t1."sess", t1."t", t1."rt", t1."rig", t2."room" FROM "lab"."trial" AS t1 LEFT JOIN (SELECT t3."rig", t3."room" FROM "lab"."rig" AS t3 WHERE t3."room" = %s) AS t2 ON t1."rig" = t2."rig";
-- 'r1'
