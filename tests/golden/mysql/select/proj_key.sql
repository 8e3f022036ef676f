SELECT t1.`mouse`, t1.`sess` FROM `lab`.`session` AS t1;
