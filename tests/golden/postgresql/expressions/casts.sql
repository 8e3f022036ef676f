("x")::bigint;

("p")::bigint;

("name")::numeric(20,0);

("n")::double precision;

("p")::double precision;

("x")::numeric(6,1);

("n")::numeric;

("n")::text;

("x")::text;

("flag")::integer::text;

LEFT(TO_CHAR("ts", 'YYYY-MM-DD HH24:MI:SS.US'), 23);

("k")::text;

("name")::text::varchar(3);

("kind")::text;

("name")::date;

("ts")::date;

("day")::timestamp(0);

("ts")::timestamp(0);

("ts")::time(0);

("name")::jsonb;

TO_JSONB("n");

("n" <> 0);

("name")::uuid;

CONVERT_TO("name", 'UTF8');
