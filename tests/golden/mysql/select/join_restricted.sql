SELECT t1.`mouse`, t1.`sess`, t2.`t`, t2.`rt`, t1.`day`, t1.`score`, t1.`meta` FROM `lab`.`session` AS t1 JOIN `lab`.`trial` AS t2 ON t1.`mouse` = t2.`mouse` AND t1.`sess` = t2.`sess` WHERE t1.`mouse` = %s AND (t2.`rt` < %s);
-- 1
-- 0.5
