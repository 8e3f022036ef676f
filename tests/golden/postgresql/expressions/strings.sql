("name" || ("n")::text || ("x")::text);

CONCAT_WS(%s::text, "name", ("n")::text);
-- '-'

OCTET_LENGTH("name")::bigint;

OCTET_LENGTH("data")::bigint;

CHAR_LENGTH("name")::bigint;

LOWER("name");

UPPER("name");

BTRIM("name");

LTRIM("name");

RTRIM("name");

REPLACE("name", %s::text, %s::text);
-- 'a'
-- 'b'

REPEAT("name", "n"::integer);

REVERSE("name");

LPAD("name", %s::bigint::integer);
-- 5

RPAD("name", %s::bigint::integer, %s::text);
-- 5
-- '-'

UPPER(ENCODE(CONVERT_TO("name", 'UTF8'), 'hex'));

UPPER(TO_HEX("n"::bigint));

CASE WHEN ("n" = %s::bigint) THEN %s::bigint WHEN ("n" = %s::bigint) THEN %s::bigint ELSE %s::bigint END;
-- 1
-- 1
-- 2
-- 2
-- 0

CASE WHEN "name" IS NOT NULL AND %s::text IS NOT NULL THEN COALESCE(ARRAY_POSITION(STRING_TO_ARRAY(%s::text, ','), "name"), 0)::bigint END;
-- 'a,b'
-- 'a,b'

CASE WHEN "name" IS NULL OR %s::text IS NULL OR %s::bigint IS NULL THEN NULL WHEN %s::text = '' OR %s::bigint = 0 THEN '' WHEN %s::bigint > 0 THEN ARRAY_TO_STRING((STRING_TO_ARRAY("name", %s::text))[1:%s::bigint::integer], %s::text) ELSE ARRAY_TO_STRING((STRING_TO_ARRAY("name", %s::text))[GREATEST(CARDINALITY(STRING_TO_ARRAY("name", %s::text)) + %s::bigint + 1, 1)::integer:], %s::text) END;
-- '.'
-- 1
-- '.'
-- 1
-- 1
-- '.'
-- 1
-- '.'
-- '.'
-- '.'
-- 1
-- '.'

ENCODE(SHA256(CONVERT_TO("name", 'UTF8')), 'hex');

LEFT("name", GREATEST(%s::bigint, %s::bigint * 0)::integer);
-- 2
-- 2

LEFT("name", GREATEST("n", "n" * 0)::integer);

RIGHT("name", GREATEST(%s::bigint, %s::bigint * 0)::integer);
-- 2
-- 2

CASE WHEN %s::bigint > 0 THEN SUBSTR("name", %s::bigint::integer) WHEN %s::bigint < 0 AND -%s::bigint <= CHAR_LENGTH("name") THEN SUBSTR("name", (CHAR_LENGTH("name") + %s::bigint + 1)::integer) WHEN "name" IS NULL OR %s::bigint IS NULL THEN NULL ELSE '' END;
-- 2
-- 2
-- 2
-- 2
-- 2
-- 2

CASE WHEN "n" > 0 THEN SUBSTR("name", "n"::integer, GREATEST(%s::bigint, 0)::integer) WHEN "n" < 0 AND -"n" <= CHAR_LENGTH("name") THEN SUBSTR("name", (CHAR_LENGTH("name") + "n" + 1)::integer, GREATEST(%s::bigint, 0)::integer) WHEN "name" IS NULL OR "n" IS NULL THEN NULL ELSE '' END;
-- 3
-- 3

STRPOS("name", %s::text)::bigint;
-- 'a'

CASE WHEN %s::bigint < 1 OR %s::bigint > CHAR_LENGTH("name") + 1 OR STRPOS(SUBSTR("name", %s::bigint::integer), %s::text) = 0 THEN 0 ELSE STRPOS(SUBSTR("name", %s::bigint::integer), %s::text) + %s::bigint - 1 END;
-- 2
-- 2
-- 2
-- 'a'
-- 2
-- 'a'
-- 2

STRPOS("name", %s::text)::bigint;
-- 'a'
