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

(`name` REGEXP %s);
-- '^[0-9][^\\n]\\z'

REGEXP_REPLACE(`name`, %s, %s);
-- 'a+'
-- 'b'

NULLIF(REGEXP_SUBSTR(`name`, %s), '');
-- '[A-Za-z0-9_]+'
