ROW_NUMBER() OVER (ORDER BY "n" DESC NULLS LAST);

RANK() OVER (PARTITION BY "flag" ORDER BY "n" NULLS FIRST);

DENSE_RANK() OVER (ORDER BY "name" COLLATE "C" NULLS FIRST);

PERCENT_RANK() OVER (ORDER BY "n" NULLS FIRST);

CUME_DIST() OVER (ORDER BY "n" NULLS FIRST);

NTILE(%s::bigint::integer) OVER (ORDER BY "n" NULLS FIRST);
-- 4

LAG("n") OVER (ORDER BY "id" NULLS FIRST);

LEAD("n", %s::bigint::integer, %s::bigint) OVER (ORDER BY "id" NULLS FIRST);
-- 2
-- 0

FIRST_VALUE("n") OVER (ORDER BY "id" NULLS FIRST);

LAST_VALUE("n") OVER (ORDER BY "id" NULLS FIRST);

NTH_VALUE("n", %s::bigint::integer) OVER ();
-- 2

(SUM("n") OVER (ORDER BY "id" NULLS FIRST ROWS BETWEEN 1 PRECEDING AND CURRENT ROW))::bigint;

AVG(("x")::double precision) OVER (PARTITION BY "kind");

COUNT(*) OVER (PARTITION BY ("p" * %s::numeric), "n");
-- Decimal('2')
