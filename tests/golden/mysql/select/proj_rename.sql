SELECT t1.`mouse`, t1.`sess` AS `id`, t1.`day` AS `when` FROM `lab`.`session` AS t1;
