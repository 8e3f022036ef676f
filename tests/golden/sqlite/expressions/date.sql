strftime('%Y-%m-%d %H:%M:%S', 'now');

substr(strftime('%Y-%m-%d %H:%M:%f', 'now'), 1, 23);

date('now');

CAST(substr("day", 1, 4) AS INTEGER);

((CAST(substr("day", 6, 2) AS INTEGER) + 2) / 3);

CAST(substr("day", 6, 2) AS INTEGER);

CAST(substr("day", 9, 2) AS INTEGER);

CAST(substr("ts", 12, 2) AS INTEGER);

CAST(substr("clock", 4, 2) AS INTEGER);

CAST(substr("ts", 18, 2) AS INTEGER);

dm_microsecond("ts");

dm_dayofyear("day");

dm_weekofyear("day");

((dm_weekday("day") + 1) % 7 + 1);

dm_weekday("day");

CAST(substr("ts", 1, 4) AS INTEGER);

substr("ts", 1, 10);

dm_last_day("day");

dm_unix("ts");

CAST(dm_unix(("day" || ' 00:00:00')) AS INTEGER);

dm_from_unix("n", 0);

dm_from_unix("x", 6);

dm_datediff("ts", "day");

dm_timestampdiff('MONTH', ("day" || ' 00:00:00'), "ts");

dm_timestampdiff('HOUR', ("day" || ' 00:00:00'), "ts");

dm_date_add("day", ?, 'MONTH');
-- 1

dm_date_add("day", (-"n"), 'DAY');

dm_date_add("ts", ?, 'QUARTER');
-- 1

dm_date_add("day", ?, 'DAY');
-- -1

dm_date_add("ts", "n", 'HOUR');

dm_date_format("ts", ?);
-- '%d.%m.%Y'

dm_str_to_date("name", ?, 'date', 0);
-- '%d.%m.%Y'

dm_str_to_date("name", ?, 'time', 0);
-- '%H:%i'
