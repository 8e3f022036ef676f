COUNT(*);

COUNT(DISTINCT `n`);

COUNT(DISTINCT `n`, `name`);

(SUM(`n`) DIV 1);

SUM(`x`);

SUM(`p`);

CAST(SUM(`u`) AS UNSIGNED);

COUNT(DISTINCT (`p` * %s));
-- Decimal('2')

COUNT(DISTINCT `p`, `n`);

SUM(DISTINCT (`p` * %s));
-- Decimal('2')

MAX(`code`);

(SUM((`n` > %s)) DIV 1);
-- 3

AVG(CAST(`n` AS DOUBLE));

MIN(`name`);

MAX(`p`);

MIN(`flag`);

MIN(`k`);

JSON_ARRAYAGG(CASE WHEN `flag` THEN JSON_EXTRACT('true', '$') WHEN NOT `flag` THEN JSON_EXTRACT('false', '$') END);

MIN(`flag`);

MAX((`n` <> %s));
-- 0

STDDEV_POP(CAST(`n` AS DOUBLE));

VAR_POP(`x`);

STDDEV_SAMP(CAST(`n` AS DOUBLE));

VAR_SAMP(CAST(`n` AS DOUBLE));

GROUP_CONCAT(`name` ORDER BY `id` SEPARATOR %s);
-- ','

GROUP_CONCAT(DISTINCT `name` ORDER BY `name` DESC SEPARATOR %s);
-- '; '

GROUP_CONCAT(CAST(`n` AS CHAR) ORDER BY (`x` IS NULL) DESC, `x` DESC, `kind` SEPARATOR %s);
-- '-'
