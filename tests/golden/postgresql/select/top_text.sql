SELECT t1."rig", t1."room" FROM "lab"."rig" AS t1 ORDER BY t1."room" COLLATE "C" NULLS LAST, t1."rig" COLLATE "C" NULLS FIRST LIMIT 2;
