CREATE TABLE IF NOT EXISTS `exp`.`__scan__frame` (
  `subject` int NOT NULL COMMENT ':int32:',
  `session` tinyint unsigned NOT NULL COMMENT '',
  `frame` smallint unsigned NOT NULL COMMENT ':uint16:',
  `image` longblob NOT NULL COMMENT ':<blob>:',
  PRIMARY KEY (`subject`, `session`, `frame`),
  FOREIGN KEY (`subject`, `session`) REFERENCES `exp`.`__scan` (`subject`, `session`) ON UPDATE CASCADE ON DELETE RESTRICT
) ENGINE=InnoDB, COMMENT '';
