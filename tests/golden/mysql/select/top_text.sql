SELECT t1.`rig`, t1.`room` FROM `lab`.`rig` AS t1 ORDER BY (t1.`room` IS NULL), t1.`room`, t1.`rig` LIMIT 2;
