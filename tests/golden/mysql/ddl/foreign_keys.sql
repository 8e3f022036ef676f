CREATE TABLE IF NOT EXISTS `exp`.`session` (
  `subject` int NOT NULL COMMENT ':int32:ear tag',
  `session` tinyint unsigned NOT NULL COMMENT ':uint8:',
  `sex` enum('M','F') NOT NULL COMMENT ':enum(''M'',''F''):',
  `rig` varchar(16) COLLATE `utf8mb4_0900_bin` DEFAULT NULL COMMENT ':varchar(16):',
  `spare` varchar(16) COLLATE `utf8mb4_0900_bin` DEFAULT NULL COMMENT ':varchar(16):',
  PRIMARY KEY (`subject`, `session`),
  FOREIGN KEY (`subject`) REFERENCES `lab`.`subject` (`subject`) ON UPDATE CASCADE ON DELETE RESTRICT,
  FOREIGN KEY (`rig`) REFERENCES `lab`.`#rig` (`rig`) ON UPDATE CASCADE ON DELETE RESTRICT,
  FOREIGN KEY (`spare`) REFERENCES `lab`.`#rig` (`rig`) ON UPDATE CASCADE ON DELETE RESTRICT,
  UNIQUE INDEX (`spare`)
) ENGINE=InnoDB, COMMENT '';
