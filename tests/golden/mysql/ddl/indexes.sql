CREATE TABLE IF NOT EXISTS `lab`.`indexed` (
  `a` int NOT NULL COMMENT ':int32:',
  `b` int NOT NULL COMMENT ':int32:',
  `c` varchar(8) NOT NULL COMMENT ':varchar(8):',
  PRIMARY KEY (`a`),
  INDEX (`b`, `c`),
  UNIQUE INDEX (`c`),
  UNIQUE INDEX (`b`, `c`)
) ENGINE=InnoDB, COMMENT '';
