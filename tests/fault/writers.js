// writers.js: people who write all the time and never give up: each request is sent again with its key until it is
// answered, as a phone on a bad line does it. At the end everything acknowledged must be there exactly once.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

export class Writers {
    /** @param clients signed-in guardians, each with the child they write about: { client, student } */
    constructor(server, clients) {
        this.server = server;
        this.people = clients;
        this.running = false;
        this.done = [];          // { id, reason, cancelled }
        this.retries = 0;
        this.longest = 0;        // milliseconds until an answer, outage included
        this.unexpected = [];
    }

    /** Sends until an answer below 500 comes. */
    async #insist(client, method, path, options) {
        const key = randomUUID();
        const begun = Date.now();
        for (;;) {
            const answer = await client.request(method, path, { ...options, key, signal: AbortSignal.timeout(20_000) }).catch(() => null);
            if (answer !== null && answer.status < 500) {
                this.longest = Math.max(this.longest, Date.now() - begun);
                return answer;
            }
            assert.ok(Date.now() - begun < 90_000, `${method} ${path} is not answered for 90 s`);
            this.retries += 1;
            await sleep(50);
        }
    }

    async #one({ client, student }, number) {
        const reason = `writer ${number} ${randomUUID()}`;
        const made = await this.#insist(client, 'POST', 'leave-requests', { body: {
            action: 'save', student_id: student, kind: 'sick', starts_on: '2026-11-02', starts_period: 1, ends_on: '2026-11-02', ends_period: 7, reason,
        } });
        if (made.status !== 201) {
            this.unexpected.push(`POST: ${made.status} ${made.text.slice(0, 200)}`);
            return;
        }
        const entry = { id: made.json.id, reason, cancelled: false };
        this.done.push(entry);
        const taken = await this.#insist(client, 'POST', `leave-requests/${entry.id}/cancel`, { body: {}, version: 1 });
        if (taken.status !== 200) {
            this.unexpected.push(`cancel: ${taken.status} ${taken.text.slice(0, 200)}`);
            return;
        }
        entry.cancelled = true;
    }

    start() {
        this.running = true;
        this.ended = Promise.all(this.people.map(async (person, number) => {
            while (this.running && this.unexpected.length < 5) {
                await this.#one(person, number);
            }
        }));
    }

    async stop() {
        this.running = false;
        await this.ended;
    }

    /** Compares what was acknowledged with what the database has. */
    async check() {
        assert.deepEqual(this.unexpected, []);
        const rows = await this.server.sql("SELECT id, reason, state, version FROM leave_request WHERE reason LIKE 'writer %'");
        const byReason = new Map(rows.map((row) => [row.reason, row]));
        assert.equal(byReason.size, rows.length, 'a request was recorded twice');
        for (const { id, reason, cancelled } of this.done) {
            const row = byReason.get(reason);
            assert.ok(row, `acknowledged and lost: ${reason}`);
            assert.equal(row.id, id);
            assert.equal(row.state, cancelled ? 'cancelled' : row.state);
            assert.equal(Number(row.version), cancelled ? 2 : Number(row.version));
        }
        const twice = await this.server.sql(
            'SELECT record_id, action, COUNT(*) AS n FROM history GROUP BY record_id, action HAVING n > 1');
        assert.deepEqual(twice, [], 'an action is in the history twice');
        const [{ n }] = await this.server.sql(
            'SELECT COUNT(*) AS n FROM leave_request r WHERE NOT EXISTS (SELECT 1 FROM history h WHERE h.record_id = r.id)');
        assert.equal(Number(n), 0, 'a record without history');
        this.server.control('audit', 'verify');
    }
}
