CREATE TABLE IF NOT EXISTS `lab`.`setting` (
  `value` varchar(8) NOT NULL COMMENT ':varchar(8):',
  `_singleton` tinyint NOT NULL DEFAULT '1' COMMENT ':bool:singleton primary key',
  PRIMARY KEY (`_singleton`)
) ENGINE=InnoDB, COMMENT '';
