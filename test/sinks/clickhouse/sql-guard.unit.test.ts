import { describe, expect, it } from 'vitest';
import { checkSql } from '../../../sinks/clickhouse/sql-guard.ts';

describe('the guard of free SQL', () => {
  it.each([
    'SELECT 1',
    'select count() from events;',
    'SELECT 1 ; \n ;',
    'WITH 1 AS one SELECT one',
    'SHOW TABLES',
    'DESCRIBE events',
    'DESC events',
    'EXPLAIN SELECT 1',
    'EXISTS events',
    '-- what is there?\nSELECT 1 /* all; of it */',
    "SELECT ';INTO OUTFILE', 'it''s', 'a\\'; DROP TABLE events'",
    'SELECT "file", `url` FROM events',
    'SELECT file, url FROM events WHERE settings = 1',
    "SELECT $$; file('x')$$",
    "SELECT 'file(' || uuid FROM events",
    'SELECT * FROM system.settings',
    'SELECT filesystemAvailable()',
  ])('lets %j through', (sql) => {
    expect(() => checkSql(sql)).not.toThrow();
  });

  it.each([
    ['', 'read'],
    [';', 'read'],
    ['-- nothing', 'read'],
    ['INSERT INTO events SELECT 1', 'read'],
    ['DROP TABLE events', 'read'],
    ['SET readonly = 0', 'read'],
    ['(SELECT 1)', 'read'],
    ['"SELECT" 1', 'read'],
    ['SELECT 1; SELECT 2', 'one statement'],
    ['SELECT 1; DROP TABLE events', 'one statement'],
    ["SELECT 1 -- ';\n; DROP TABLE events", 'one statement'],
    ["SELECT '\\\\'; DROP TABLE events --'", 'one statement'],
    ['SELECT $a$ $b$ $a$; DROP TABLE events', 'one statement'],
    ["SELECT 1 INTO OUTFILE '/tmp/x'", 'OUTFILE'],
    ["select 1 into/**/outfile '/tmp/x'", 'OUTFILE'],
    ['SELECT 1 SETTINGS readonly = 0', 'SETTINGS'],
    ['SELECT 1 settings/**/`readonly`=0', 'SETTINGS'],
    ['SELECT * FROM (SELECT 1 SETTINGS max_memory_usage=0)', 'SETTINGS'],
    ["SELECT * FROM file('/etc/passwd')", 'file'],
    ["SELECT file('/etc/passwd')", 'file'],
    ["SELECT * FROM FILE /* */ ('/etc/passwd')", 'FILE'],
    ["SELECT * FROM `file`('/etc/passwd')", 'file'],
    ['SELECT * FROM "fi\\le"(\'/etc/passwd\')', 'file'],
    ["SELECT * FROM url('http://169.254.169.254/')", 'url'],
    ["SELECT * FROM urlCluster('a', 'http://x')", 'urlCluster'],
    ["SELECT * FROM remote('127.0.0.1', system.one)", 'remote'],
    ["SELECT * FROM remoteSecure('127.0.0.1', system.one)", 'remoteSecure'],
    ["SELECT * FROM s3('https://x')", 's3'],
    ["SELECT * FROM mysql('h:1', 'd', 't', 'u', 'p')", 'mysql'],
    ["SELECT * FROM executable('x', TSV, 'a Int8')", 'executable'],
    ["DESCRIBE url('http://x')", 'url'],
    ["EXPLAIN SELECT * FROM file('x')", 'file'],
    ["SELECT 'open", 'quotation'],
    ['SELECT /* open', 'comment'],
    ['SELECT $a$ open', 'quotation'],
  ])('refuses %j because of: %s', (sql, reason) => {
    expect(() => checkSql(sql)).toThrow(
      expect.objectContaining({ code: 'usage-invalid', message: expect.stringContaining(reason) }),
    );
  });

  it('takes off the final semicolon, and only that', () => {
    expect(checkSql("SELECT ';' ; ")).toBe("SELECT ';'");
  });
});
