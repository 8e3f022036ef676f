abs("n");

dm_decimal_abs("p");

sign(CAST("x" AS NUMERIC));

ceil("x");

dm_decimal_cut('CEIL', "p");

"n";

dm_truncate("x", ?);
-- 1

dm_decimal_cut('TRUNCATE', "p", ?);
-- 1

dm_round("x");

dm_round("x", ?);
-- 2

dm_decimal_cut('ROUND', "p", ?);
-- 1

dm_round_int("n", ?);
-- -1

dm_pow("x", ?);
-- 2.0

dm_exp("x");

sqrt("x");

sin("x");

cos("x");

tan("x");

asin("x");

acos("x");

atan("x");

atan2("x", ?);
-- 1.0

pi();

radians("x");

degrees("x");

(((random() >> 11) & 9007199254740991) / 9007199254740992.0);

ln("x");

ln("x");

dm_log(?, "x");
-- 2.0

log2("x");

log10(CAST("n" AS REAL));
