("n" = %s::bigint);
-- 3

("n" <> %s::bigint);
-- 3

("x" < %s::double precision);
-- 1.5

("p" >= %s::numeric);
-- Decimal('1.5')

("name" COLLATE "C" <= %s::text);
-- 'b'

("u" > %s::numeric(20,0));
-- 5

("n" IS NOT DISTINCT FROM NULL::bigint);

("n" IS DISTINCT FROM "big");

("n" IS NULL);

("flag" IS TRUE);

(NOT (("n" <> %s::bigint) IS FALSE));
-- 0

("p" BETWEEN %s::numeric AND %s::numeric);
-- Decimal('1')
-- Decimal('2')

("n" IN (%s::bigint, %s::bigint));
-- 1
-- 2

(("n", "name") IN ((%s::bigint, %s::text)));
-- 1
-- 'a'

((("p" * %s::numeric), "n") IN ((%s::numeric, %s::bigint)));
-- Decimal('2')
-- Decimal('3')
-- 1

("code"::text = %s::text);
-- 'a'

("code"::text COLLATE "C" > %s::text);
-- 'a'

("code" IN (%s::text, %s::text));
-- 'a'
-- 'b'

("code" IS NULL);

("kind" = %s);
-- 'a'

(("kind")::text COLLATE "C" < %s::text);
-- 'a'

("flag" = %s::boolean);
-- True

("day" = %s::date);
-- datetime.date(2024, 1, 31)

("ts" > ("day")::timestamp(3));

("r" = %s::real);
-- 0.10000000149011612

("k" = %s::uuid);
-- UUID('12345678-1234-5678-1234-567812345678')

(CASE JSONB_TYPEOF(("j" #> ARRAY[%s::text])) WHEN 'boolean' THEN (("j" #> ARRAY[%s::text]))::integer::double precision ELSE SUBSTRING(("j" #> ARRAY[%s::text]) #>> '{}' FROM '^\s*[-+]?\d+\.?\d*(?:[eE][-+]?\d+)?\s*$')::double precision END = %s::double precision);
-- 'a'
-- 'a'
-- 'a'
-- 3.0

(("j" #>> ARRAY[%s::text]) = %s::text);
-- 'a'
-- 'x'

("j" = %s::jsonb);
-- '{}'
