SELECT t1.`rig`, t1.`room` FROM `lab`.`rig` AS t1 WHERE NOT EXISTS (SELECT 1 FROM `lab`.`trial` AS t2 WHERE t2.`rig` = t1.`rig`);
