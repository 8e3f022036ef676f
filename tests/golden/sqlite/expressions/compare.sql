("n" = ?);
-- 3

("n" <> ?);
-- 3

("x" < ?);
-- 1.5

("p" COLLATE decimal >= ?);
-- '1.5'

("name" <= ?);
-- 'b'

("u" COLLATE decimal > ?);
-- '5'

("n" IS NULL);

("n" IS NOT "big");

("n" IS NULL);

("flag" IS TRUE);

(NOT (("n" <> ?) IS FALSE));
-- 0

("p" COLLATE decimal BETWEEN ? AND ?);
-- '1'
-- '2'

("n" IN (?, ?));
-- 1
-- 2

(("n", "name") IN (VALUES (?, ?)));
-- 1
-- 'a'

((dm_decimal('*', "p", ?) COLLATE decimal, "n") IN (VALUES (?, ?)));
-- '2'
-- '3'
-- 1

("code" = ?);
-- 'a'

("code" > ?);
-- 'a'

("code" IN (?, ?));
-- 'a'
-- 'b'

("code" IS NULL);

("kind" = ?);
-- 'a'

("kind" < ?);
-- 'a'

("flag" = ?);
-- 1

("day" = ?);
-- '2024-01-31'

("ts" > ("day" || ' 00:00:00.000'));

("r" = ?);
-- 0.1

("k" = ?);
-- b'\x124Vx\x124Vx\x124Vx\x124Vx'

(CAST(dm_json_number(("j" -> ?)) AS REAL) = ?);
-- '$.a'
-- 3.0

(dm_json_unquote("j" -> ?) = ?);
-- '$.a'
-- 'x'

(dm_json_key("j") = dm_json_key(?));
-- '{}'
