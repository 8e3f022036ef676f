SELECT 1 AS `_` FROM `lab`.`trial` AS t1 LIMIT 1;
