ABS("n"::bigint);

ABS("p");

SIGN("x")::bigint;

CEIL("x");

CEIL("p");

"n";

(TRUNC("x" * 1e1::double precision) / 1e1::double precision);

TRUNC("p", %s::bigint::integer);
-- 1

ROUND("x");

(ROUND("x" * 1e2::double precision) / 1e2::double precision);

ROUND("p", %s::bigint::integer);
-- 1

ROUND("n"::numeric, %s::bigint::integer)::bigint;
-- -1

POWER("x", %s::double precision);
-- 2.0

EXP("x");

CASE WHEN "x" >= 0 THEN SQRT("x") END;

SIN("x");

COS("x");

TAN("x");

CASE WHEN "x" BETWEEN -1 AND 1 THEN ASIN("x") END;

CASE WHEN "x" BETWEEN -1 AND 1 THEN ACOS("x") END;

ATAN("x");

ATAN2("x", %s::double precision);
-- 1.0

PI();

RADIANS("x");

DEGREES("x");

RANDOM();

LN(NULLIF(GREATEST("x", 0), 0));

LN(NULLIF(GREATEST("x", 0), 0));

(LN(NULLIF(GREATEST("x", 0), 0)) / NULLIF(LN(NULLIF(GREATEST(%s::double precision, 0), 0)), 0));
-- 2.0

LOG(2::numeric, NULLIF(GREATEST("x", 0), 0)::numeric)::double precision;

LOG(NULLIF(GREATEST(("n")::double precision, 0), 0));
