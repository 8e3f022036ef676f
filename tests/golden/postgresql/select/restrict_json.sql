SELECT t1."mouse", t1."sess", t1."day", t1."score", t1."meta" FROM "lab"."session" AS t1 WHERE (CASE JSONB_TYPEOF((t1."meta" #> ARRAY[%s::text])) WHEN 'boolean' THEN ((t1."meta" #> ARRAY[%s::text]))::integer::double precision ELSE SUBSTRING((t1."meta" #> ARRAY[%s::text]) #>> '{}' FROM '^\s*[-+]?\d+\.?\d*(?:[eE][-+]?\d+)?\s*$')::double precision END = %s::double precision) AND (((t1."meta" #> ARRAY[%s::text]) #>> '{}') = %s::text);
-- 'gain'
-- 'gain'
-- 'gain'
-- 2.5
-- 'name'
-- 'x'
