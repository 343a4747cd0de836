// database_tls.test.js: a database on another machine: the connection is encrypted, and only to the server that it is meant for.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { baoxuectl } from '../lib/database.js';
import { freePort, run } from '../lib/processes.js';
import { start } from '../lib/server.js';

let server;
let port;
const file = (name) => path.join(server.dir, name);

/** An authority, and a certificate by it for 127.0.0.1. */
function certify(name) {
    const openssl = (...args) => run('openssl', args);

    openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '30', '-subj', `/CN=authority ${name}`, '-keyout', file(`${name}-ca.key`), '-out', file(`${name}-ca.pem`));
    openssl('req', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=127.0.0.1', '-keyout', file(`${name}.key`), '-out', file(`${name}.csr`));
    fs.writeFileSync(file(`${name}.ext`), 'subjectAltName=IP:127.0.0.1\n');
    openssl('x509', '-req', '-days', '30', '-in', file(`${name}.csr`), '-CA', file(`${name}-ca.pem`), '-CAkey', file(`${name}-ca.key`), '-CAcreateserial',
        '-extfile', file(`${name}.ext`), '-out', file(`${name}.pem`));
}

/** Starts MariaDB anew, within reach of the network; statements: what its administrator does first. */
async function restart(statements, ...args) {
    fs.writeFileSync(file('first.sql'), statements.map((one) => `${one};\n`).join(''));
    await server.stopDatabase();
    await server.startDatabase([`--init-file=${file('first.sql')}`, '--skip-networking=0', '--bind-address=0.0.0.0', `--port=${port}`, ...args]);
}

/** baoxuectl doctor over the network: { status, text }. */
function over(...args) {
    try {
        return { status: 0, text: run(baoxuectl, ['--user', 'remote', '--password-file', file('remote-password'), '--secrets', file('secrets'),
            '--host', '127.0.0.1', '--port', String(port), ...args, 'unit', 'list']) };
    } catch (e) {
        return { status: e.status ?? 1, text: e.message };
    }
}

before(async () => {
    server = await start({ nginx: false });
    port = await freePort();
    fs.writeFileSync(file('remote-password'), 'over the wire\n', { mode: 0o600 });
    certify('ours');
    certify('other');
    const secret = fs.readFileSync(file('db-password'), 'utf8').split('\n')[0];
    await restart(["CREATE USER remote@'%' IDENTIFIED BY 'over the wire' REQUIRE SSL", "GRANT ALL ON baoxue.* TO remote@'%'",
        `CREATE USER baoxue@'127.0.0.1' IDENTIFIED BY '${secret}' REQUIRE SSL`, "GRANT SELECT, INSERT ON baoxue.* TO baoxue@'127.0.0.1'",
        "CREATE USER baoxue_owner@'127.0.0.1' IDENTIFIED BY 'owner' REQUIRE SSL", "GRANT ALL ON baoxue.* TO baoxue_owner@'127.0.0.1' WITH GRANT OPTION"],
    `--ssl-ca=${file('ours-ca.pem')}`, `--ssl-cert=${file('ours.pem')}`, `--ssl-key=${file('ours.key')}`);
});
after(() => server?.stop());

describe('a database over the network', () => {
    test('with the authority of its certificate it is reached, and encrypted', async () => {
        const { status, text } = over('--tls-ca', file('ours-ca.pem'));

        assert.equal(status, 0, text);
    });

    test('with another authority nothing is sent', () => {
        const { status, text } = over('--tls-ca', file('other-ca.pem'));

        assert.notEqual(status, 0);
        assert.match(text, /certificate|SSL|TLS/i);
    });

    test('the certificate has to name the host', () => {
        const { status, text } = over('--tls-ca', file('ours-ca.pem'), '--host', '127.0.0.2');

        assert.notEqual(status, 0, text);
        assert.match(text, /certificate|SSL|TLS/i);
    });

    test('beside a socket it is a mistake', () => {
        const { status, text } = over('--tls-ca', file('ours-ca.pem'), '--socket', server.database.socket);

        assert.notEqual(status, 0);
        assert.match(text, /a socket needs none/);
    });

    test('migrate gives the account there its rights', () => {
        const said = run(baoxuectl, ['--host', '127.0.0.1', '--port', String(port), '--tls-ca', file('ours-ca.pem'), '--password-file', file('db-password'),
            '--owner', 'baoxue_owner', '--owner-password-file', file('db-owner-password'), '--secrets', file('secrets'), 'migrate', '--json']);

        assert.ok(JSON.parse(said).rights > 50, said);
    });

    test('nginx works over it', async () => {
        server.options.connect = `host=127.0.0.1 port=${port} tls_ca=${file('ours-ca.pem')}`;
        await server.startNginx();
        const [{ n }] = await server.sql(`SELECT COUNT(*) AS n FROM information_schema.processlist WHERE user = 'baoxue' AND host LIKE '127.0.0.1%'`);

        assert.ok(n > 0, 'connected over the network');
        await server.stopNginx();
    });

    test('a server that cannot encrypt is not spoken to', async () => {
        await restart(["ALTER USER remote@'%' REQUIRE NONE"], '--skip-ssl');
        assert.equal(over().status, 0, 'without tls_ca it is');
        const { status, text } = over('--tls-ca', file('ours-ca.pem'));

        assert.notEqual(status, 0);
        assert.match(text, /SSL|TLS/i);
    });
});
