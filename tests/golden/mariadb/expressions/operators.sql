(((`n` = %s) AND (`x` <> %s)) OR ((NOT `flag`) XOR %s));
-- 1
-- 0.0
-- 1

(`n` + %s);
-- 1

(`big` + %s);
-- 1

(`x` - (`n` * %s));
-- 2

(`p` * %s);
-- Decimal('2')

(CAST(`u` AS DECIMAL(20, 0)) - %s);
-- 1

(-`n`);

(-`big`);

(CAST(`n` AS DOUBLE) / %s);
-- 2.0

(CAST(`n` AS DOUBLE) / NULLIF(CAST(`n` AS DOUBLE), 0));

(`x` / NULLIF(CAST(`p` AS DOUBLE), 0));

(`n` DIV %s);
-- 2

(`p` DIV NULLIF(CAST(`n` AS DECIMAL(20, 0)), 0));

MOD(`n`, %s);
-- 3

MOD(`x`, %s);
-- 2.0

MOD(`p`, %s);
-- Decimal('2')

CAST((`n` & %s) AS SIGNED);
-- 1

CAST((`n` | %s) AS SIGNED);
-- 1

CAST((`n` ^ %s) AS SIGNED);
-- 1

CAST((~`n`) AS SIGNED);

CAST((`n` << %s) AS SIGNED);
-- 1

CASE WHEN `n` < 0 THEN CAST((~(~`n` >> %s)) AS SIGNED) ELSE CAST((`n` >> %s) AS SIGNED) END;
-- 1
-- 1

CONCAT(`name`, CAST(`n` AS CHAR));
