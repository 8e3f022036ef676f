CONCAT(`name`, CAST(`n` AS CHAR), CAST(`x` AS CHAR));

CONCAT_WS(%s, `name`, CAST(`n` AS CHAR));
-- '-'

LENGTH(`name`);

LENGTH(`data`);

CHAR_LENGTH(`name`);

LOWER(`name`);

UPPER(`name`);

TRIM(`name`);

LTRIM(`name`);

RTRIM(`name`);

REPLACE(`name`, %s, %s);
-- 'a'
-- 'b'

REPEAT(`name`, `n`);

REVERSE(`name`);

LPAD(`name`, GREATEST(%s, 0), ' ');
-- 5

RPAD(`name`, GREATEST(%s, 0), %s);
-- 5
-- '-'

HEX(`name`);

HEX(`n`);

CASE WHEN (`n` = %s) THEN %s WHEN (`n` = %s) THEN %s ELSE %s END;
-- 1
-- 1
-- 2
-- 2
-- 0

FIND_IN_SET(`name`, %s);
-- 'a,b'

SUBSTRING_INDEX(`name`, %s, %s);
-- '.'
-- 1

SHA2(`name`, %s);
-- 256

LEFT(`name`, %s);
-- 2

LEFT(`name`, `n`);

RIGHT(`name`, %s);
-- 2

SUBSTRING(`name`, %s);
-- 2

SUBSTRING(`name`, `n`, %s);
-- 3

LOCATE(%s, `name`);
-- 'a'

LOCATE(%s, `name`, %s);
-- 'a'
-- 2

LOCATE(%s, `name`);
-- 'a'
