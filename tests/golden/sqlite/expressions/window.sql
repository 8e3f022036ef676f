ROW_NUMBER() OVER (ORDER BY "n" DESC);

RANK() OVER (PARTITION BY "flag" ORDER BY "n");

DENSE_RANK() OVER (ORDER BY "name");

PERCENT_RANK() OVER (ORDER BY "n");

CUME_DIST() OVER (ORDER BY "n");

NTILE(?) OVER (ORDER BY "n");
-- 4

LAG("n") OVER (ORDER BY "id");

LEAD("n", ?, ?) OVER (ORDER BY "id");
-- 2
-- 0

FIRST_VALUE("n") OVER (ORDER BY "id");

LAST_VALUE("n") OVER (ORDER BY "id");

NTH_VALUE("n", ?) OVER ();
-- 2

sum("n") OVER (ORDER BY "id" ROWS BETWEEN 1 PRECEDING AND CURRENT ROW);

avg("x") OVER (PARTITION BY "kind");

COUNT(*) OVER (PARTITION BY dm_decimal('*', "p", ?) COLLATE decimal, "n");
-- '2'
