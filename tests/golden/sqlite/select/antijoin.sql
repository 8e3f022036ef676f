SELECT t1."rig", t1."room" FROM "lab.rig" AS t1 WHERE (t1."rig" IN (SELECT t2."rig" FROM "lab.trial" AS t2)) IS NOT TRUE;
