SELECT t1."mouse", t1."sess", CASE JSONB_TYPEOF((t1."meta" #> ARRAY[%s::text])) WHEN 'boolean' THEN ((t1."meta" #> ARRAY[%s::text]))::integer::double precision ELSE SUBSTRING((t1."meta" #> ARRAY[%s::text]) #>> '{}' FROM '^\s*[-+]?\d+\.?\d*(?:[eE][-+]?\d+)?\s*$')::double precision END AS "gain" FROM "lab"."session" AS t1;
-- 'gain'
-- 'gain'
-- 'gain'
