ROW_NUMBER() OVER (ORDER BY `n` DESC);

RANK() OVER (PARTITION BY `flag` ORDER BY `n`);

DENSE_RANK() OVER (ORDER BY `name`);

(PERCENT_RANK() OVER (ORDER BY `n`) + 0e0);

(CUME_DIST() OVER (ORDER BY `n`) + 0e0);

NTILE(%s) OVER (ORDER BY `n`);
-- 4

LAG(`n`) OVER (ORDER BY `id`);

CASE WHEN LEAD(%s, %s) OVER (ORDER BY `id`) IS NULL THEN %s ELSE LEAD(`n`, %s) OVER (ORDER BY `id`) END;
-- 1
-- 2
-- 0
-- 2

FIRST_VALUE(`n`) OVER (ORDER BY `id`);

LAST_VALUE(`n`) OVER (ORDER BY `id`);

NTH_VALUE(`n`, %s) OVER ();
-- 2

(SUM(`n`) OVER (ORDER BY `id` ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) DIV 1);

AVG(`x`) OVER (PARTITION BY `kind`);

COUNT(*) OVER (PARTITION BY (`p` * %s), `n`);
-- Decimal('2')
