CASE WHEN ("n" > %s::bigint) THEN %s::text ELSE "name" END;
-- 1
-- 'a'

CASE WHEN "flag" THEN ("n")::double precision ELSE "x" END;

COALESCE("n", %s::bigint);
-- 0

NULLIF("n", %s::bigint);
-- 0

CASE WHEN "n" IS NULL OR %s::bigint IS NULL THEN NULL ELSE GREATEST("n", %s::bigint) END;
-- 1
-- 1

CASE WHEN "p" IS NULL OR %s::numeric IS NULL THEN NULL ELSE LEAST("p", %s::numeric) END;
-- Decimal('1')
-- Decimal('1')
