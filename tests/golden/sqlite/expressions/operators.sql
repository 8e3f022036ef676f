((("n" = ?) AND ("x" <> ?)) OR ((NOT "flag") <> ?));
-- 1
-- 0.0
-- 1

("n" + ?);
-- 1

dm_add("big", ?);
-- 1

dm_finite(("x" - ("n" * ?)), "x");
-- 2

dm_decimal('*', "p", ?);
-- '2'

dm_decimal('-', "u", ?);
-- '1'

(-"n");

dm_negate("big");

dm_finite((CAST("n" AS REAL) / ?));
-- 2.0

dm_finite((CAST("n" AS REAL) / NULLIF(CAST("n" AS REAL), 0)));

dm_finite(("x" / NULLIF(CAST("p" AS REAL), 0)), "x");

("n" / ?);
-- 2

dm_div("p", dm_to_decimal("n"));

("n" % ?);
-- 3

mod("x", ?);
-- 2.0

dm_decimal('%', "p", ?);
-- '2'

("n" & ?);
-- 1

("n" | ?);
-- 1

dm_bit_xor("n", ?);
-- 1

(~"n");

("n" << ?);
-- 1

("n" >> ?);
-- 1

("name" || CAST("n" AS TEXT));
