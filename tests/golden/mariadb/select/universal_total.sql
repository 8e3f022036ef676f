SELECT COUNT(*) AS `n` FROM `lab`.`trial` AS t1;
