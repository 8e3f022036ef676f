SELECT t1.`mouse`, t1.`sess`, t1.`t`, t1.`rt`, t1.`rig`, t2.`room` FROM `lab`.`trial` AS t1 LEFT JOIN `lab`.`rig` AS t2 ON t1.`rig` = t2.`rig`;
