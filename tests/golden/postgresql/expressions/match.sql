("name" LIKE %s::text);
-- 'a%'

("name" LIKE ("name" || %s::text));
-- '%'

("name" ILIKE %s::text);
-- 'a_'

("name" LIKE %s::text ESCAPE %s::text);
-- 'a!%'
-- '!'

("code"::text LIKE %s::text);
-- 'a'

("name" ~ %s::text);
-- '^[0-9][^\\n]\\Z'

REGEXP_REPLACE("name", %s::text, %s::text, 'g');
-- 'a+'
-- 'b'

(REGEXP_MATCH("name", %s::text))[1];
-- '([A-Za-z0-9_]+)'
