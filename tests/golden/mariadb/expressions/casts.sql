(ROUND(`x`) DIV 1);

(ROUND(`p`) DIV 1);

CAST(`name` AS UNSIGNED);

CAST(`n` AS DOUBLE);

CAST(`p` AS DOUBLE);

CAST(`x` AS DECIMAL(6, 1));

CAST(`n` AS DECIMAL(20, 0));

CAST(`n` AS CHAR);

CAST(`x` AS CHAR);

CAST(`flag` AS CHAR);

CAST(`ts` AS CHAR);

LOWER(CONCAT_WS('-', SUBSTR(HEX(`k`), 1, 8), SUBSTR(HEX(`k`), 9, 4), SUBSTR(HEX(`k`), 13, 4), SUBSTR(HEX(`k`), 17, 4), SUBSTR(HEX(`k`), 21)));

CAST(`name` AS CHAR(3));

CAST(`kind` AS CHAR);

CAST(`name` AS DATE);

CAST(`ts` AS DATE);

CAST(`day` AS DATETIME);

CAST(`ts` AS DATETIME);

CAST(`ts` AS TIME);

`name`;

CAST(`n` AS CHAR);

(`n` <> 0);

UNHEX(REPLACE(`name`, '-', ''));

CAST(`name` AS BINARY);
