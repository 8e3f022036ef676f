("name" GLOB ?);
-- 'a*'

dm_like("name", ("name" || ?));
-- '%'

(dm_lower("name") GLOB ?);
-- 'a?'

("name" GLOB ?);
-- 'a%'

("code" GLOB ?);
-- 'a'

("name" REGEXP ?);
-- '^\\d.$'

dm_regexp_replace("name", ?, ?);
-- 'a+'
-- 'b'

dm_regexp_substr("name", ?);
-- '\\w+'
