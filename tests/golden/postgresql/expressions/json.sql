("j" #> ARRAY[%s::text, %s::text]);
-- 'a'
-- '0'

("j" #>> ARRAY[%s::text]);
-- 'a'

("j" #> ARRAY[%s::text, %s::text, %s::text]);
-- 'a'
-- '0'
-- 'b'

CASE JSONB_TYPEOF(("j" #> ARRAY[%s::text])) WHEN 'boolean' THEN (("j" #> ARRAY[%s::text]))::integer::double precision ELSE SUBSTRING(("j" #> ARRAY[%s::text]) #>> '{}' FROM '^\s*[-+]?\d+\.?\d*(?:[eE][-+]?\d+)?\s*$')::double precision END;
-- 'a'
-- 'a'
-- 'a'

(CASE JSONB_TYPEOF(("j" #> ARRAY[%s::text])) WHEN 'boolean' THEN (("j" #> ARRAY[%s::text]))::integer::double precision ELSE SUBSTRING(("j" #> ARRAY[%s::text]) #>> '{}' FROM '^\s*[-+]?\d+\.?\d*(?:[eE][-+]?\d+)?\s*$')::double precision END + %s::double precision);
-- 'a'
-- 'a'
-- 'a'
-- 1.0

((("j" #> ARRAY[%s::text]) #>> '{}'))::date;
-- 'a'

CASE JSONB_TYPEOF(("j" #> ARRAY[%s::text])) WHEN 'boolean' THEN (("j" #> ARRAY[%s::text]))::boolean WHEN 'number' THEN (("j" #> ARRAY[%s::text]))::numeric <> 0 WHEN 'string' THEN (("j" #> ARRAY[%s::text]) #>> '{}')::boolean END;
-- 'a'
-- 'a'
-- 'a'
-- 'a'

("j" #>> '{}');

CASE WHEN ("j" #> ARRAY[%s::text]) IS NULL THEN NULL WHEN JSONB_TYPEOF(("j" #> ARRAY[%s::text])) = 'array' THEN JSONB_ARRAY_LENGTH(("j" #> ARRAY[%s::text]))::bigint WHEN JSONB_TYPEOF(("j" #> ARRAY[%s::text])) = 'object' THEN (SELECT COUNT(*) FROM JSONB_OBJECT_KEYS(("j" #> ARRAY[%s::text]))) ELSE 1 END;
-- 'a'
-- 'a'
-- 'a'
-- 'a'
-- 'a'

(("j" #> ARRAY[%s::text]) @> %s::jsonb);
-- 'a'
-- '1'

CASE WHEN JSONB_TYPEOF("j") = 'object' THEN (SELECT COALESCE(JSONB_AGG(k), '[]') FROM JSONB_OBJECT_KEYS("j") AS k) END;
