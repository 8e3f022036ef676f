SELECT t1.`mouse`, t1.`sess`, t1.`day`, t1.`score`, t1.`meta` FROM `lab`.`session` AS t1 WHERE ((t1.`score` > %s) AND (t1.`day` >= CAST(%s AS DATE)));
-- 2.0
-- datetime.date(2024, 1, 5)
