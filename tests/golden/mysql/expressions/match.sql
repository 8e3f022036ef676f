(`name` LIKE %s);
-- 'a%'

(`name` LIKE CONCAT(`name`, %s));
-- '%'

(LOWER(`name`) LIKE LOWER(%s));
-- 'a_'

(`name` LIKE %s ESCAPE %s);
-- 'a!%'
-- '!'

(`code` LIKE %s);
-- 'a'

REGEXP_LIKE(`name`, %s, 'c');
-- '^[0-9][^\\n]\\z'

REGEXP_REPLACE(`name`, %s, %s, 1, 0, 'c');
-- 'a+'
-- 'b'

REGEXP_SUBSTR(`name`, %s, 1, 1, 'c');
-- '[A-Za-z0-9_]+'
