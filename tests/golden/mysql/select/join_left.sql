SELECT t1.`mouse`, t1.`sess`, t2.`t`, t1.`day`, t1.`score`, t1.`meta`, t2.`rt`, t2.`rig` FROM `lab`.`session` AS t1 LEFT JOIN `lab`.`trial` AS t2 ON t1.`mouse` = t2.`mouse` AND t1.`sess` = t2.`sess`;
