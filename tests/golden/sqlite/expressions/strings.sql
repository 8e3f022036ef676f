("name" || CAST("n" AS TEXT) || dm_float_text("x"));

dm_concat_ws(?, "name", CAST("n" AS TEXT));
-- '-'

length(CAST("name" AS BLOB));

length(CAST("data" AS BLOB));

length("name");

dm_lower("name");

dm_upper("name");

trim("name");

ltrim("name");

rtrim("name");

replace("name", ?, ?);
-- 'a'
-- 'b'

dm_repeat("name", "n");

dm_reverse("name");

dm_lpad("name", ?);
-- 5

dm_rpad("name", ?, ?);
-- 5
-- '-'

hex("name");

dm_hex("n");

CASE WHEN ("n" = ?) THEN ? WHEN ("n" = ?) THEN ? ELSE ? END;
-- 1
-- 1
-- 2
-- 2
-- 0

dm_find_in_set("name", ?);
-- 'a,b'

dm_substring_index("name", ?, ?);
-- '.'
-- 1

dm_sha2("name", ?);
-- 256

substr("name", ?, ?);
-- 1
-- 2

dm_left("name", "n");

dm_right("name", ?);
-- 2

substr("name", ?);
-- 2

dm_substring("name", "n", ?);
-- 3

instr("name", ?);
-- 'a'

dm_locate(?, "name", ?);
-- 'a'
-- 2

instr("name", ?);
-- 'a'
