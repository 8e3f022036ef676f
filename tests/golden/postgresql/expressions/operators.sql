((("n" = %s::bigint) AND ("x" <> %s::double precision)) OR ((NOT "flag") <> %s::boolean));
-- 1
-- 0.0
-- True

("n"::bigint + %s::bigint);
-- 1

("big" + %s::bigint);
-- 1

("x" - ("n"::bigint * %s::bigint));
-- 2

("p" * %s::numeric);
-- Decimal('2')

("u" - %s::numeric(20,0));
-- 1

(- "n"::bigint);

(- "big");

(("n")::double precision / %s::double precision);
-- 2.0

(("n")::double precision / NULLIF(("n")::double precision, 0));

("x" / NULLIF(("p")::double precision, 0));

("n"::bigint / %s::bigint);
-- 2

DIV("p"::numeric, NULLIF(("n")::numeric::numeric, 0))::bigint;

MOD("n"::bigint, %s::bigint);
-- 3

("x" - %s::double precision * TRUNC("x"::double precision / %s::double precision));
-- 2.0
-- 2.0

MOD("p", %s::numeric);
-- Decimal('2')

("n"::bigint & %s::bigint);
-- 1

("n"::bigint | %s::bigint);
-- 1

("n"::bigint # %s::bigint);
-- 1

(~ "n"::bigint);

CASE WHEN %s::bigint BETWEEN 0 AND 63 THEN "n"::bigint << %s::bigint::integer WHEN %s::bigint > 63 THEN "n"::bigint * 0 END;
-- 1
-- 1
-- 1

CASE WHEN %s::bigint BETWEEN 0 AND 63 THEN "n"::bigint >> %s::bigint::integer WHEN %s::bigint > 63 THEN "n"::bigint >> 63 >> 1 END;
-- 1
-- 1
-- 1

("name" || ("n")::text);
