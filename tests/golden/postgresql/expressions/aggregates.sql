COUNT(*);

COUNT(DISTINCT "n");

COUNT(DISTINCT CASE WHEN "n" IS NOT NULL AND "name" IS NOT NULL THEN ROW("n", "name") END);

(SUM("n"))::bigint;

SUM("x");

SUM("p");

SUM("u");

COUNT(DISTINCT ("p" * %s::numeric));
-- Decimal('2')

COUNT(DISTINCT CASE WHEN "p" IS NOT NULL AND "n" IS NOT NULL THEN ROW("p", "n") END);

SUM(DISTINCT ("p" * %s::numeric));
-- Decimal('2')

MAX("code"::text COLLATE "C");

(SUM((("n" > %s::bigint))::integer::bigint))::bigint;
-- 3

AVG((("n")::double precision)::double precision);

MIN("name" COLLATE "C");

MAX("p");

BOOL_AND("flag");

(MIN("k"::text))::uuid;

JSONB_AGG("flag");

BOOL_AND("flag");

BOOL_OR(("n" <> %s::bigint));
-- 0

STDDEV_POP((("n")::double precision)::double precision);

VAR_POP(("x")::double precision);

STDDEV_SAMP((("n")::double precision)::double precision);

VAR_SAMP((("n")::double precision)::double precision);

STRING_AGG("name", %s::text ORDER BY "id" NULLS FIRST);
-- ','

STRING_AGG(DISTINCT ("name")::text COLLATE "C", %s::text ORDER BY ("name")::text COLLATE "C" DESC NULLS LAST);
-- '; '

STRING_AGG(("n")::text, %s::text ORDER BY "x" DESC NULLS FIRST, "kind" NULLS FIRST);
-- '-'
