import { findProgram, programOf } from './find-program.js';

/** What a MariaDB is started with. */
export interface MariadbPrograms {
  readonly server: string;
  /** Makes an empty database. MySQL has none, and would need other options too. */
  readonly installer: string;
}

/** Where MariaDB's programs are, if anywhere. */
export function findMariadb(): MariadbPrograms | undefined {
  const server = programOf('MARIADBD_PATH', 'mariadbd', 'mysqld');
  const installer = findProgram('mariadb-install-db', 'mysql_install_db');
  return server === undefined || installer === undefined ? undefined : { server, installer };
}
