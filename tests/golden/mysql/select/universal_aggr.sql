SELECT t1.`rig`, COUNT(*) AS `n`, AVG(t1.`rt`) AS `mean` FROM `lab`.`trial` AS t1 GROUP BY t1.`rig`;
