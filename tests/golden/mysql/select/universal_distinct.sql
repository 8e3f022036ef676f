SELECT DISTINCT t1.`rig` FROM `lab`.`trial` AS t1;
