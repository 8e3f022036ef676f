CASE WHEN (`n` > %s) THEN %s ELSE `name` END;
-- 1
-- 'a'

CASE WHEN `flag` THEN CAST(`n` AS DOUBLE) ELSE `x` END;

COALESCE(`n`, %s);
-- 0

NULLIF(`n`, %s);
-- 0

GREATEST(`n`, %s);
-- 1

LEAST(`p`, %s);
-- Decimal('1')
