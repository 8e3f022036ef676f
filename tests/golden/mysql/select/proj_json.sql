SELECT t1.`mouse`, t1.`sess`, CASE CAST(JSON_TYPE(JSON_EXTRACT(t1.`meta`, %s)) AS CHAR) WHEN 'BOOLEAN' THEN CAST(JSON_UNQUOTE(JSON_EXTRACT(t1.`meta`, %s)) AS CHAR) = 'true' WHEN 'NULL' THEN NULL WHEN 'OBJECT' THEN NULL WHEN 'ARRAY' THEN NULL ELSE CASE WHEN CAST(JSON_UNQUOTE(JSON_EXTRACT(t1.`meta`, %s)) AS CHAR) REGEXP '^ *[-+]?[0-9]+[.]?[0-9]*([eE][-+]?[0-9]+)? *$' THEN CAST(CAST(JSON_UNQUOTE(JSON_EXTRACT(t1.`meta`, %s)) AS CHAR) AS DOUBLE) END END AS `gain` FROM `lab`.`session` AS t1;
-- '$.gain'
-- '$.gain'
-- '$.gain'
-- '$.gain'
