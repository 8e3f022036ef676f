SELECT t1.`mouse`, t2.`rig`, t1.`sex`, t1.`photo`, t2.`room` FROM `lab`.`mouse` AS t1 JOIN `lab`.`rig` AS t2 ON TRUE;
