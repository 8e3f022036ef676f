SELECT t1.`mouse`, t1.`sess`, CASE JSON_TYPE(JSON_EXTRACT(t1.`meta`, %s)) WHEN 'BOOLEAN' THEN JSON_UNQUOTE(JSON_EXTRACT(t1.`meta`, %s)) = 'true' WHEN 'NULL' THEN NULL WHEN 'OBJECT' THEN NULL WHEN 'ARRAY' THEN NULL ELSE CASE WHEN JSON_UNQUOTE(JSON_EXTRACT(t1.`meta`, %s)) REGEXP '^ *[-+]?[0-9]+[.]?[0-9]*([eE][-+]?[0-9]+)? *$' THEN CAST(JSON_UNQUOTE(JSON_EXTRACT(t1.`meta`, %s)) AS DOUBLE) END END AS `gain` FROM `lab`.`session` AS t1;
-- '$.gain'
-- '$.gain'
-- '$.gain'
-- '$.gain'
