("j" -> ?);
-- '$.a[0]'

dm_json_unquote("j" -> ?);
-- '$.a'

("j" -> ?);
-- '$.a[0].b'

CAST(dm_json_number(("j" -> ?)) AS REAL);
-- '$.a'

dm_finite((CAST(dm_json_number(("j" -> ?)) AS REAL) + ?));
-- '$.a'
-- 1.0

dm_to_date(dm_json_unquote(("j" -> ?)));
-- '$.a'

dm_json_bool(("j" -> ?));
-- '$.a'

dm_json_unquote("j");

dm_json_length(("j" -> ?));
-- '$.a'

dm_json_contains(("j" -> ?), ?);
-- '$.a'
-- '1'

dm_json_keys("j");
