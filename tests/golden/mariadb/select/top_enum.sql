SELECT t1.`mouse`, t1.`sex` FROM `lab`.`mouse` AS t1 ORDER BY t1.`sex`, t1.`mouse` DESC LIMIT 2;
