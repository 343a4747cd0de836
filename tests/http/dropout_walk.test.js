// dropout_walk.test.js: the machine of the dropout case walked at random, every answer against its table. The clock is set.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { act, at, attempt, begin, clear, end, form, made, open, read, server } from '../lib/dropout.js';

before(begin);
after(end);
beforeEach(clear);

describe('the machine walked at random', () => {
    const bodies = () => ({
        form, review: { review_text: '属实' }, send_back: { comment: '退回' }, confirm: { verdict_text: '属实' }, correct: { comment: '更正' }, notice: { addressee: '杨秀莲' },
        order: { addressee: '杨秀莲' }, measure: { comment: '批评教育' }, joint_agreed: { held_on: '2026-10-20', people: '县局', effect: '答应' },
        joint_failed: { held_on: '2026-10-20', people: '县局', effect: '没劝回' }, return: { returned_on: '2026-10-20', comment: '今天来了' },
        return_report: { placed_in: '三年级1班' }, close: { comment: '稳定' }, claim: { claim_on: '2026-10-19', claim_text: '东莞' },
        not_dropout: { cause: 'illness', verdict_text: '住院' },
    });

    test('every answer is as its table says, and no state is reached otherwise', async () => {
        const record = JSON.parse(server.control('routes', '--json')).records.find((one) => one.name === 'dropout-cases');
        const moves = record.transitions.filter((one) => !one.by_job && one.from);
        const capabilities = new Map();
        for (const { role, capability } of await server.sql('SELECT role, capability FROM role_capability WHERE granted = 1')) {
            capabilities.set(role, (capabilities.get(role) ?? new Set()).add(capability));
        }
        const roles = ['teacher', 'subject', 'grade', 'office', 'vice', 'principal', 'registrar', 'psych', 'township', 'county'];
        const actions = [...new Set(moves.map((one) => one.action))].filter((action) => action !== 'accept');
        let seed = 20261012;
        const pick = (list) => {                                         // the low bits of such a generator go in circles
            seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
            return list[(seed >>> 12) % list.length];
        };
        const seen = new Set();
        let [it, moved] = [null, 0];

        at('2026-10-20T18:00');
        for (let i = 0; i < 700; i++) {
            if (!it || ['not_dropout', 'transferred'].includes(it.state) || (['observing', 'township'].includes(it.state) && i % 12 === 0)) {
                await server.sql('DELETE FROM dropout_case');
                await server.sql('DELETE FROM dropout_step');
                await server.sql('DELETE FROM return_notice');
                await server.sql('DELETE FROM persuasion');
                await server.sql('DELETE FROM return_report');
                it = await made('office', 'dropout-cases', open());
            }
            if (it.state === 'noticed' && i % 3 === 0) {                 // what the clock does after the third failed attempt
                for (let n = 0; n < 3; n++) {
                    await made('teacher', 'persuasions', attempt(it, { made_on: '2026-10-19' }));
                }
                server.runJobs();
                it = await read('county', it);
            }
            seen.add(it.state);

            const fitting = moves.filter((one) => one.from.split(' ').includes(it.state) && (one.when ?? '').split(' ').filter(Boolean).every((clause) => {
                const [field, values] = clause.split('=');
                const value = it[field] === true ? '1' : it[field] === false ? '0' : String(it[field]);
                return values.split(',').includes(value);
            }));
            const onwards = fitting.filter((one) => i % 7 === 0 || !['not_dropout', 'return', 'transfer', 'send_back', 'tell_township', 'tell_bureau', 'claim', 'accept', 'township_receive', 'receive'].includes(one.action));
            const chosen = i % 5 && onwards.length ? pick(onwards) : null;
            const action = chosen ? chosen.action : pick(actions);
            const able = roles.filter((role) => chosen && capabilities.get(role).has(chosen.capability));
            const login = able.length && i % 4 ? pick(able) : pick(roles);
            const right = fitting.filter((one) => one.action === action);
            const mine = right.find((one) => capabilities.get(login)?.has(one.capability));
            const answer = await act(login, it, action, bodies()[action] ?? {});

            if (answer.status === 200) {
                assert.ok(mine, `${login} ${action} from ${it.state}: ${answer.text}`);
                assert.equal(answer.json.state, mine.to, `${action} from ${it.state}`);
                moved += 1;
            } else if (right.length === 0) {
                assert.deepEqual([answer.status, answer.json.code], [409, 'wrong_state'], `${login} ${action} from ${it.state}: ${answer.text}`);
            } else if (!mine) {
                assert.equal(answer.status, 403, `${login} ${action} from ${it.state}: ${answer.text}`);
            } else {                                                     // its hook says what is missing, in words
                assert.ok([403, 409, 422].includes(answer.status) && (answer.status === 403 || answer.json.errors.length > 0), `${login} ${action} from ${it.state}: ${answer.text}`);
            }
            const before = it;
            it = await read('county', it);
            assert.equal(it.state, answer.status === 200 ? answer.json.state : before.state);
            assert.equal(it.version, answer.status === 200 ? before.version + 1 : before.version);
        }
        assert.ok(moved > 120, `${moved} moves`);
        for (const state of ['suspected', 'formal', 'reported', 'correction', 'confirmed', 'noticed', 'joint', 'township', 'observing']) {
            assert.ok(seen.has(state), `never in ${state}`);
        }
    });
});
