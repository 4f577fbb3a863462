package io.ashlar.controller.store.embedded;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/** Tables of the embedded store, and the counter of its revisions. */
final class Schema {
  private static final int VERSION = 1;

  private Schema() {}

  /** A connection in manual-commit mode on a file that has the tables. */
  static Connection open(Path file) throws SQLException {
    Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
    try (Statement statement = connection.createStatement()) {
      statement.execute("PRAGMA locking_mode = EXCLUSIVE");
      statement.execute("PRAGMA journal_mode = WAL");
      statement.execute("PRAGMA synchronous = FULL");
      statement.execute("PRAGMA busy_timeout = 2000");
      refuseOtherVersion(statement);
      statement.execute(
          "CREATE TABLE IF NOT EXISTS record (collection TEXT NOT NULL, key TEXT NOT NULL,"
              + " value TEXT NOT NULL, revision INTEGER NOT NULL,"
              + " PRIMARY KEY (collection, key)) WITHOUT ROWID");
      statement.execute(
          "CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL)");
      statement.execute("INSERT OR IGNORE INTO counter VALUES ('revision', 0)");
      statement.execute("PRAGMA user_version = " + VERSION);
      connection.setAutoCommit(false);
      return connection;
    } catch (SQLException failed) {
      connection.close();
      throw failed;
    }
  }

  private static void refuseOtherVersion(Statement statement) throws SQLException {
    try (ResultSet row = statement.executeQuery("PRAGMA user_version")) {
      int found = row.getInt(1);
      if (found != 0 && found != VERSION) {
        throw new SQLException("the store has format " + found + ", this release reads " + VERSION);
      }
    }
  }

  static long revision(Connection connection) throws SQLException {
    return number(connection, "SELECT value FROM counter WHERE name = 'revision'");
  }

  static long nextRevision(Connection connection) throws SQLException {
    return number(
        connection, "UPDATE counter SET value = value + 1 WHERE name = 'revision' RETURNING value");
  }

  private static long number(Connection connection, String query) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(query)) {
      return row.getLong(1);
    }
  }
}
