CREATE TABLE IF NOT EXISTS `lab`.`subject` (
  `subject` int NOT NULL COMMENT ':int32:ear tag',
  `sex` enum('M','F') NOT NULL COMMENT ':enum(''M'',''F''):',
  PRIMARY KEY (`subject`)
) ENGINE=InnoDB, COMMENT '';
