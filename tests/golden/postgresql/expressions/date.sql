DATE_TRUNC('second', STATEMENT_TIMESTAMP() AT TIME ZONE 'UTC')::timestamp(0);

(STATEMENT_TIMESTAMP() AT TIME ZONE 'UTC')::timestamp(3);

(STATEMENT_TIMESTAMP() AT TIME ZONE 'UTC')::date;

(EXTRACT(YEAR FROM "day"))::bigint;

(EXTRACT(QUARTER FROM "day"))::bigint;

(EXTRACT(MONTH FROM "day"))::bigint;

(EXTRACT(DAY FROM "day"))::bigint;

(EXTRACT(HOUR FROM "ts"))::bigint;

(EXTRACT(MINUTE FROM "clock"))::bigint;

FLOOR(EXTRACT(SECOND FROM "ts"))::bigint;

MOD(EXTRACT(MICROSECONDS FROM "ts")::bigint, 1000000);

(EXTRACT(DOY FROM "day"))::bigint;

(EXTRACT(WEEK FROM "day"))::bigint;

(EXTRACT(DOW FROM "day") + 1)::bigint;

(EXTRACT(ISODOW FROM "day") - 1)::bigint;

(EXTRACT(YEAR FROM "ts"))::bigint;

("ts")::date;

(DATE_TRUNC('month', "day") + INTERVAL '1 month - 1 day')::date;

(EXTRACT(EPOCH FROM "ts")::double precision);

FLOOR(EXTRACT(EPOCH FROM ("day")::timestamp(0)))::bigint;

(TIMESTAMP '1970-01-01' + "n" * INTERVAL '1 second')::timestamp(0);

(TIMESTAMP '1970-01-01' + "x" * INTERVAL '1 second')::timestamp(6);

(("ts")::date - ("day")::date)::bigint;

((EXTRACT(YEAR FROM "ts") - EXTRACT(YEAR FROM ("day")::timestamp(0))) * 12 + EXTRACT(MONTH FROM "ts") - EXTRACT(MONTH FROM ("day")::timestamp(0)) + CASE WHEN "ts" >= ("day")::timestamp(0) AND (EXTRACT(DAY FROM "ts"), "ts"::time) < (EXTRACT(DAY FROM ("day")::timestamp(0)), ("day")::timestamp(0)::time) THEN -1 WHEN "ts" < ("day")::timestamp(0) AND (EXTRACT(DAY FROM "ts"), "ts"::time) > (EXTRACT(DAY FROM ("day")::timestamp(0)), ("day")::timestamp(0)::time) THEN 1 ELSE 0 END)::bigint / 1;

TRUNC(EXTRACT(EPOCH FROM ("ts" - ("day")::timestamp(0))) / 3600)::bigint;

("day" + %s::bigint * INTERVAL '1 month')::date;
-- 1

("day" + (- "n"::bigint) * INTERVAL '1 day')::date;

("ts" + %s::bigint * INTERVAL '3 months')::timestamp(3);
-- 1

("day" + %s::bigint * INTERVAL '1 day')::date;
-- -1

("ts" + "n" * INTERVAL '1 hour')::timestamp(3);

TO_CHAR("ts", %s::text);
-- 'DD"."MM"."YYYY'

CASE WHEN "name" ~ %s::text THEN CASE WHEN (REGEXP_MATCH("name", %s::text))[1]::integer BETWEEN 1 AND 31 AND (REGEXP_MATCH("name", %s::text))[2]::integer BETWEEN 1 AND 12 AND (REGEXP_MATCH("name", %s::text))[3]::integer BETWEEN 1 AND 9999 THEN CASE WHEN EXTRACT(MONTH FROM MAKE_DATE((REGEXP_MATCH("name", %s::text))[3]::integer, (REGEXP_MATCH("name", %s::text))[2]::integer, 1) + ((REGEXP_MATCH("name", %s::text))[1]::integer - 1)) = (REGEXP_MATCH("name", %s::text))[2]::integer THEN (TO_TIMESTAMP("name", %s::text) AT TIME ZONE CURRENT_SETTING('TimeZone'))::date END END END;
-- '(?i)^\\s*(\\d{1,2})\\.(\\d{1,2})\\.(\\d{4})\\s*$'
-- '(?i)^\\s*(\\d{1,2})\\.(\\d{1,2})\\.(\\d{4})\\s*$'
-- '(?i)^\\s*(\\d{1,2})\\.(\\d{1,2})\\.(\\d{4})\\s*$'
-- '(?i)^\\s*(\\d{1,2})\\.(\\d{1,2})\\.(\\d{4})\\s*$'
-- '(?i)^\\s*(\\d{1,2})\\.(\\d{1,2})\\.(\\d{4})\\s*$'
-- '(?i)^\\s*(\\d{1,2})\\.(\\d{1,2})\\.(\\d{4})\\s*$'
-- '(?i)^\\s*(\\d{1,2})\\.(\\d{1,2})\\.(\\d{4})\\s*$'
-- '(?i)^\\s*(\\d{1,2})\\.(\\d{1,2})\\.(\\d{4})\\s*$'
-- 'DD"."MM"."YYYY'

CASE WHEN "name" ~ %s::text THEN CASE WHEN (REGEXP_MATCH("name", %s::text))[1]::integer BETWEEN 0 AND 23 AND (REGEXP_MATCH("name", %s::text))[2]::integer BETWEEN 0 AND 59 THEN (TO_TIMESTAMP("name", %s::text) AT TIME ZONE CURRENT_SETTING('TimeZone'))::time(0) END END;
-- '(?i)^\\s*(\\d{1,2})\\:(\\d{1,2})\\s*$'
-- '(?i)^\\s*(\\d{1,2})\\:(\\d{1,2})\\s*$'
-- '(?i)^\\s*(\\d{1,2})\\:(\\d{1,2})\\s*$'
-- 'HH24":"MI'
