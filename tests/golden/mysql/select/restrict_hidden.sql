SELECT t1.`mouse`, t1.`sess`, t1.`day`, t1.`score`, t1.`meta` FROM `lab`.`session` AS t1 WHERE (NOT (t1.`_started` IS NULL));
