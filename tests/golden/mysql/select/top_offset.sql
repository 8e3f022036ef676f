SELECT t1.`mouse`, t1.`sess`, t1.`day`, t1.`score`, t1.`meta` FROM `lab`.`session` AS t1 ORDER BY t1.`day`, t1.`mouse`, t1.`sess` LIMIT 9223372036854775807 OFFSET 2;
