(`n` = %s);
-- 3

(`n` <> %s);
-- 3

(`x` < %s);
-- 1.5

(`p` >= %s);
-- Decimal('1.5')

(`name` <= %s);
-- 'b'

(`u` > %s);
-- 5

(`n` <=> NULL);

(NOT (`n` <=> `big`));

(`n` IS NULL);

(`flag` IS TRUE);

(NOT ((`n` <> %s) IS FALSE));
-- 0

(`p` BETWEEN %s AND %s);
-- Decimal('1')
-- Decimal('2')

(`n` IN (%s, %s));
-- 1
-- 2

((`n`, `name`) IN ((%s, %s)));
-- 1
-- 'a'

(((`p` * %s), `n`) IN ((%s, %s)));
-- Decimal('2')
-- Decimal('3')
-- 1

(`code` = %s);
-- 'a'

(`code` > %s);
-- 'a'

(`code` IN (%s, %s));
-- 'a'
-- 'b'

(`code` IS NULL);

(`kind` = %s);
-- 'a'

(CAST(`kind` AS CHAR) < %s);
-- 'a'

(`flag` = %s);
-- 1

(`day` = CAST(%s AS DATE));
-- datetime.date(2024, 1, 31)

(`ts` > CAST(`day` AS DATETIME(3)));

(`r` = CAST(%s AS FLOAT));
-- 0.10000000149011612

(`k` = %s);
-- b'\x124Vx\x124Vx\x124Vx\x124Vx'

(CASE CAST(JSON_TYPE(JSON_EXTRACT(`j`, %s)) AS CHAR) WHEN 'BOOLEAN' THEN CAST(JSON_UNQUOTE(JSON_EXTRACT(`j`, %s)) AS CHAR) = 'true' WHEN 'NULL' THEN NULL WHEN 'OBJECT' THEN NULL WHEN 'ARRAY' THEN NULL ELSE CASE WHEN CAST(JSON_UNQUOTE(JSON_EXTRACT(`j`, %s)) AS CHAR) REGEXP '^ *[-+]?[0-9]+[.]?[0-9]*([eE][-+]?[0-9]+)? *$' THEN CAST(CAST(JSON_UNQUOTE(JSON_EXTRACT(`j`, %s)) AS CHAR) AS DOUBLE) END END = %s);
-- '$.a'
-- '$.a'
-- '$.a'
-- '$.a'
-- 3.0

(CASE WHEN CAST(JSON_TYPE(JSON_EXTRACT(`j`, %s)) AS CHAR) <> 'NULL' THEN CAST(JSON_UNQUOTE(JSON_EXTRACT(`j`, %s)) AS CHAR) END = %s);
-- '$.a'
-- '$.a'
-- 'x'

(JSON_NORMALIZE(`j`) = JSON_NORMALIZE(%s));
-- '{}'
