COUNT(*);

COUNT(DISTINCT "n");

COUNT(DISTINCT CASE WHEN "n" IS NOT NULL AND "name" IS NOT NULL THEN quote("n") || ',' || quote("name") END);

sum("n");

dm_finite(sum("x"), max(abs("x")));

dm_sum("p");

dm_sum("u");

COUNT(DISTINCT dm_decimal('*', "p", ?) COLLATE decimal);
-- '2'

COUNT(DISTINCT CASE WHEN "p" IS NOT NULL AND "n" IS NOT NULL THEN quote(dm_decimal_key("p")) || ',' || quote("n") END);

dm_sum(DISTINCT dm_decimal('*', "p", ?) COLLATE decimal);
-- '2'

max("code");

sum(("n" > ?));
-- 3

avg(CAST("n" AS REAL));

min("name");

max("p" COLLATE decimal);

min("flag");

min("k");

CASE WHEN COUNT(*) > 0 THEN json_group_array(json(dm_json_member("flag", 'bool'))) END;

min("flag");

max(("n" <> ?));
-- 0

dm_stddev_pop(CAST("n" AS REAL));

dm_var_pop("x");

dm_stddev_samp(CAST("n" AS REAL));

dm_var_samp(CAST("n" AS REAL));

group_concat("name", ? ORDER BY "id");
-- ','

dm_concat_distinct("name", ?, 1);
-- '; '

group_concat(CAST("n" AS TEXT), ? ORDER BY "x" DESC NULLS FIRST, CASE "kind" WHEN ? THEN 0 WHEN ? THEN 1 END);
-- '-'
-- 'b'
-- 'a'
