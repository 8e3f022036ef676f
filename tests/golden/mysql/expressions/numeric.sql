ABS(`n`);

ABS(`p`);

SIGN(`x`);

CEIL(`x`);

CAST(CEIL(`p`) AS DECIMAL(65, 0));

`n`;

TRUNCATE(`x`, %s);
-- 1

TRUNCATE(`p`, %s);
-- 1

ROUND(`x`);

ROUND(`x`, %s);
-- 2

ROUND(`p`, %s);
-- 1

ROUND(`n`, %s);
-- -1

POW(`x`, %s);
-- 2.0

EXP(`x`);

SQRT(`x`);

SIN(`x`);

COS(`x`);

TAN(`x`);

ASIN(`x`);

ACOS(`x`);

ATAN(`x`);

ATAN2(`x`, %s);
-- 1.0

(PI() + 0e0);

RADIANS(`x`);

DEGREES(`x`);

RAND();

LN(`x`);

LN(`x`);

LOG(%s, `x`);
-- 2.0

LOG2(`x`);

LOG10(CAST(`n` AS DOUBLE));
