dm_to_int("x");

dm_to_int("p");

dm_to_decimal("name", 20, 0);

CAST("n" AS REAL);

CAST("p" AS REAL);

dm_to_decimal("x", 6, 1);

dm_to_decimal("n");

CAST("n" AS TEXT);

dm_float_text("x");

CAST("flag" AS TEXT);

"ts";

dm_uuid_text("k");

substr("name", 1, 3);

"kind";

dm_to_date("name");

dm_to_date("ts");

("day" || ' 00:00:00');

dm_to_datetime("ts", 0);

dm_to_time("ts", 0);

dm_to_json("name", 'text');

dm_to_json("n", 'integer');

(CAST("n" AS REAL) <> 0);

dm_uuid("name");

CAST("name" AS BLOB);
