// admin.test.js: a school's administrator sets up a term without help, from an empty school to the first roll call; then what comes
// up in the year: a new teacher, a class handed over, a number or words changed, a school moved. On a phone and on a desk, in both languages.

import assert from 'node:assert/strict';
import path from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { launchChromium } from '../lib/browser.js';
import { accountPassword, control, top } from '../lib/database.js';
import { until } from '../lib/processes.js';
import { start } from '../lib/server.js';

let server, chromium, visitor, page, given;
const code = '2152001234';                                            // the school of tests/data/roster-a.xlsx

before(async () => {
    server = await start({ clock: '2026-09-21T09:00:00+08:00', running: true, jobs: true });
    server.control('unit', 'add', 'county', '澜溪县教育体育局', '--code', '522799');
    server.control('unit', 'add', 'township', '松山乡', '--code', '522799101', '--parent', '522799');
    server.control('unit', 'add', 'school', '松山乡中心学校', '--code', code, '--parent', '522799101', '--stage', 'primary');
    server.control('term', 'add', '1', '2026-09-01', '2027-01-29');
    for (const [login, name, position] of [['deng', '邓管理', `admin@${code}`], ['chief', '县管理', 'admin@522799'], ['head', '刘校长', `principal@${code}`]]) {
        control(server.dir, ['account', 'add', login, '--name', name, '--position', position, '--keep', '--new-password-file', '-'], { input: `${accountPassword}\n` });
    }
    chromium = await launchChromium(server);
});
after(async () => {
    await chromium?.close();
    await server?.stop();
});
afterEach(async () => {
    const last = visitor;
    visitor = null;
    await last?.close();
});

const text = (words) => page.getByText(words);
const button = (name) => page.getByRole('button', { name, exact: true });
const link = (name) => page.getByRole('link', { name, exact: true });
const heading = (name) => page.getByRole('heading', { name });
const toast = (words) => page.locator('.toast').getByText(words).waitFor();
const item = (name) => page.getByRole('listitem').filter({ has: page.getByText(name, { exact: true }) });

async function desk(to, login = 'deng', options = {}) {
    visitor = await chromium.visitor({ size: 'desktop', ...options });
    ({ page } = visitor);
    await visitor.enter(login);
    await visitor.open(to);
}

describe('from an empty school', () => {
    test('who administrates starts at what is left to do', async () => {
        visitor = await chromium.visitor({ size: 'desktop' });
        ({ page } = visitor);
        await visitor.signIn('deng');
        await heading('松山乡中心学校开学前还差 5 件事').waitFor();
        await item('学期').getByText('9月1日至2027年1月29日').waitFor();
        await item('班级').getByText('还没有班。').waitFor();
        await item('老师的账号').getByText('2 位，其中 1 位登录过').waitFor();
        assert.equal(await page.locator('.btn.pri').count(), 1);
        assert.deepEqual(await visitor.axe(), []);
    });

    test('classes, grade by grade', async () => {
        await desk('admin');
        await item('班级').getByRole('link').click();
        await heading('松山乡中心学校每个年级几个班').waitFor();
        await button('建班级').last().click();
        await text('这些班都有了，没有要新建的。').or(text('年级不对')).first().waitFor();
        await page.getByLabel('三年级').fill('2');
        await page.getByLabel('六年级').fill('99');
        await button('建班级').last().click();
        await text('要在 0 到 30 之间').waitFor();
        await page.getByLabel('六年级').fill('1');
        await button('建班级').last().click();
        await toast('建了 3 个班');
        await text('三年级2班').waitFor();
        await visitor.open('org-units');
        await text('三年级2班').waitFor();
        assert.equal((await server.sql("SELECT id FROM org_unit WHERE level = 'class'")).length, 3);
        assert.deepEqual(await visitor.axe(), []);
    });

    test('teachers from a table: looked at, corrected, made, their passwords shown once', async () => {
        await desk('admin');
        await item('老师的账号').getByRole('link').click();
        await page.getByLabel('老师名单').fill('王晓梅\twangxiaomei\t13800000001\t班主任\t三年级1班\n冯兰\tfenglan\t\t班主任\t三年级9班\n陈志强\tchenzhiqiang\t13800000003\t教导处\n吴敏\twumin\t\t学籍管理员');
        await button('先看一看').click();
        await heading('4 行，其中 1 行要再看看').waitFor();
        await text('学校还没有“三年级9班”。请先建班级。').waitFor();
        assert.deepEqual(await visitor.axe(), []);
        await visitor.shot('admin-bulk');

        await page.getByLabel('老师名单').fill((await page.getByLabel('老师名单').inputValue()).replace('9班', '2班'));
        await button('先看一看').click();
        await heading('4 行都没问题').waitFor();
        await button('建 4 个账号').click();
        await heading('松山乡中心学校新建了 4 个账号').waitFor();
        const passwords = await page.locator('td.pass').allTextContents();
        assert.equal(new Set(passwords).size, 4);
        [given] = passwords;
        assert.deepEqual(await visitor.axe(), []);
        assert.equal((await server.client('wangxiaomei', { password: passwords[0] })).session.account.must_change_password, true);
        await link('下一步').click();
        await item('老师的账号').getByText('6 位').waitFor();
        await item('职务').getByText('1 个班还没有班主任').waitFor();
    });

    test('the class without a teacher gets one', async () => {
        await desk('admin');
        await item('职务').getByRole('link').click();
        await page.getByRole('link', { name: /六年级1班.*还没有班主任/ }).click();
        await heading('六年级1班').first().waitFor();
        await button('任命').click();
        await page.getByLabel('职务').selectOption({ label: '班主任' });
        await page.getByLabel('找人').fill('没有这个人');
        await text('这里没有。').waitFor();
        await page.getByRole('dialog').getByRole('button', { name: '任命' }).click();
        await text('没有找到这个账号。').waitFor();
        await page.getByLabel('找人').fill('陈');
        await page.getByRole('button', { name: /陈志强/ }).click();
        assert.deepEqual(await visitor.axe(), []);
        await page.getByRole('dialog').getByRole('button', { name: '任命' }).click();
        await toast('陈志强任班主任了，马上生效');
        await page.getByRole('link', { name: '陈志强' }).waitFor();
    });

    test('the roster, the slips, and everything is ready', async () => {
        await desk('admin');
        await item('名册').getByText('还没有。').waitFor();
        await item('名册').getByRole('link').click();
        await heading('名册导入').waitFor();
        await page.setInputFiles('input[type=file]', path.join(top, 'tests/data/roster-a.xlsx'));
        await heading('roster-a.xlsx').waitFor({ timeout: 60_000 });
        await text('核对好了，还没有写入。').waitFor({ timeout: 60_000 });
        await visitor.open('admin');
        await item('名册').getByText('有一份核对好了，还没有写入').waitFor();
        await page.goBack();
        await page.getByRole('button', { name: '写入 1,600 个孩子' }).click();
        await until('the roster to be written', async () => (await server.sql("SELECT id FROM import WHERE state = 'done'")).length === 1, 60);

        await visitor.open('admin');
        await item('名册').getByText('1600 个孩子；上次有 20 行没收').waitFor();
        await item('职务').getByText('33 个班还没有班主任').waitFor();         // classes of the roster that nobody had made
        await item('家长激活条').getByRole('link').click();
        await heading('激活').first().waitFor();
        await page.getByRole('link', { name: /三年级1班/ }).click();
        await page.getByRole('button', { name: '补发新码' }).or(page.getByRole('button', { name: /码/ })).first().click();
        await page.locator('.actslip').first().waitFor();
    });

    test('the class teacher signs in with the password from the table, takes an own one, and calls the first roll', async () => {
        visitor = await chromium.visitor({ size: 'phone' });
        ({ page } = visitor);
        await visitor.signIn('wangxiaomei', given);
        await heading('先换一个自己的密码').waitFor();
        await page.getByLabel('别人给的密码').fill(given);
        await page.getByLabel('新密码').fill('einfach zu merken 9');
        await button('换成新密码').click();
        await link('点名').first().click();
        await heading('三年级1班').waitFor();
        const seats = page.locator('.roll button');
        await seats.first().waitFor();
        assert.ok(await seats.count() > 20);
        await seats.nth(2).click();
        await button('交名单·缺 1 人').click();
        await toast('已交，缺 1 人。请联系家长');
        const [roll] = await server.sql('SELECT due, exceptions FROM roll_call');
        assert.deepEqual([Number(roll.exceptions), Number(roll.due) > 20], [1, true]);
        assert.deepEqual(await visitor.axe(), []);
    });
});

describe('in the year', () => {
    test('a new teacher, found again, renamed, given a password, locked out', async () => {
        await desk('accounts');
        await link('新建账号').click();
        await button('建账号').click();
        await text('这一项要填').first().waitFor();
        await page.getByLabel('姓名').fill('石文');
        await page.getByLabel('登录名').fill('shiwen');
        await page.getByLabel('职务').selectOption({ label: '科任教师' });
        await page.getByLabel('班级').selectOption({ index: 1 });
        await button('建账号').click();
        await text('石文的密码').waitFor();
        assert.deepEqual(await visitor.axe(), []);
        const first = await page.locator('.pass').textContent();
        await button('看这个账号').click();
        await heading('石文').waitFor();

        await button('改姓名、登录名').click();
        await page.getByLabel('姓名', { exact: true }).fill('石小文');
        assert.equal(await page.getByLabel('您自己的密码').count(), 0, 'a name is nobody’s way in');
        await page.getByLabel('登录名', { exact: true }).fill('shixiaowen');
        await page.getByLabel('您自己的密码').fill('wrong horse 9');
        await button('保存').click();
        await text('密码不对，请再输一遍您自己的登录密码。').waitFor();
        assert.deepEqual(await visitor.axe(), []);
        await page.getByLabel('您自己的密码').fill(server.password);
        await button('保存').click();
        await heading('石小文').waitFor();
        await button('重设密码').click();
        await button('给新密码').click();
        await text('石小文的密码').waitFor();
        assert.notEqual(await page.locator('.pass').textContent(), first);
        await button('停用').click();
        await page.getByRole('dialog').getByRole('button', { name: '停用' }).click();
        await toast('石小文的账号停用了');
        await button('启用').waitFor();

        await visitor.open('accounts');
        await page.getByLabel('姓名、登录名或手机号').fill('石');
        await page.getByRole('link', { name: /石小文.*停用/ }).waitFor();
        assert.deepEqual(await visitor.axe(), []);
    });

    test('the own account is somebody else\'s business', async () => {
        await desk('accounts');
        await page.getByRole('link', { name: /邓管理 deng/ }).click();
        await text('自己的账号和职务要由别人来办。').waitFor();
        assert.equal(await button('停用').count(), 0);
    });

    test('a class is handed over', async () => {
        await desk('org-units');
        await page.getByRole('link', { name: /三年级1班/ }).click();
        await page.getByRole('button', { name: '王晓梅的班主任交给别人' }).click();
        await page.getByLabel('找人').fill('吴敏');
        await page.getByRole('button', { name: /吴敏/ }).click();
        await page.getByRole('dialog').getByRole('button', { name: '交接' }).click();
        await toast('吴敏任班主任了');
        await page.getByRole('link', { name: '吴敏' }).waitFor();
        assert.equal(await page.getByRole('link', { name: '王晓梅' }).count(), 0);
    });

    test('a number is changed for the school, with whose it is and what it was', async () => {
        await desk('rules');
        await page.getByRole('button', { name: '改：几个上学日以内由班主任批' }).click();
        await page.getByLabel('改成').fill('999');
        await page.getByLabel('理由').fill('村子离得远');
        await button('保存').click();
        await text('要填 0 到 366 之间的整数').waitFor();
        await page.getByLabel('改成').fill('3');
        await button('保存').click();
        await toast('改成 3 了');
        await text(/松山乡中心学校定的，邓管理 今天 09:\d\d：村子离得远/).waitFor();
        await page.getByRole('button', { name: '改过什么：几个上学日以内由班主任批' }).click();
        await text('上级的 → 3').waitFor();
        assert.deepEqual(await visitor.axe(), []);
        await page.getByRole('dialog').getByRole('button').click();
        await page.getByRole('button', { name: '不再单独定：几个上学日以内由班主任批' }).click();
        await page.getByLabel('理由').fill('照县里的');
        await button('跟着上级').click();
        await toast('跟着上级了');
    });

    test('values that are words: chosen, never typed, and read as words', async () => {
        await desk('rules', 'chief');
        const row = (name) => page.locator('.li', { hasText: name });
        await row('点名方式').getByText('每半天点一次').waitFor();
        await page.getByRole('button', { name: '改：点名方式' }).click();
        await page.getByLabel('改成').selectOption({ label: '每节点一次' });
        await page.getByLabel('理由').fill('走班');
        assert.deepEqual(await visitor.axe(), []);
        await button('保存').click();
        await toast('改成 每节点一次 了');
        await row('点名方式').getByText('每节点一次').waitFor();

        const factor = '哪些岗位登录必须用动态码';
        await row(factor).getByText('不要求', { exact: true }).waitFor();
        await page.getByRole('button', { name: `改：${factor}`, exact: true }).click();
        await page.getByRole('dialog').getByText('系统管理员').click();
        await page.getByRole('dialog').getByText('县教体局').click();
        await page.getByRole('dialog').getByText('系统管理员、县教体局').waitFor();
        await page.getByRole('dialog').getByText('系统管理员', { exact: true }).click();
        await page.getByRole('dialog').getByText('系统管理员、县教体局').waitFor({ state: 'detached' });
        await page.getByLabel('理由').fill('县里的账号看得多');
        assert.deepEqual(await visitor.axe(), []);
        await button('保存').click();
        await toast('改成 县教体局 了');
        assert.deepEqual(await server.sql("SELECT value FROM rule_override WHERE rule = 'signin.factor_roles'"), [{ value: 'county' }]);
        await server.sql("DELETE FROM rule_override WHERE rule IN ('signin.factor_roles', 'roll.mode')");
    });

    test('the words on a slip in the school\'s own way, with what they were; and back again', async () => {
        await desk('texts');
        await page.getByLabel('找一句话或一个键').fill('leave.slip.note');
        await page.getByRole('button', { name: '改：document.leave.slip.note' }).click();
        await page.getByLabel('中文（印在文书上）').fill('请{谁}凭本条出校门。');
        await page.getByLabel('理由').fill('门卫要这样写');
        await button('保存').click();
        await text('{谁} 不能用').waitFor();
        assert.deepEqual(await visitor.axe(), []);
        await page.getByLabel('中文（印在文书上）').fill('请凭本条出校门。');
        await button('保存').click();
        await toast('改好了');
        await text(/松山乡中心学校定的，邓管理 今天 09:\d\d：门卫要这样写/).waitFor();
        await visitor.shot('admin-own-texts');
        await page.getByRole('button', { name: '改过几次：document.leave.slip.note' }).click();
        await text('原来的说法 → 请凭本条出校门。').waitFor();
        assert.deepEqual(await visitor.axe(), []);
        await page.getByRole('dialog').getByRole('button').click();
        await page.getByRole('button', { name: '改回上级的说法：document.leave.slip.note' }).click();
        await page.getByLabel('理由').fill('照原来的');
        await page.getByRole('dialog').getByRole('button', { name: '改回去' }).click();
        await toast('改回去了');
        await text('原来的说法').first().waitFor();
    });

    test('the county moves a school to another township, and sees where it was', async () => {
        server.control('unit', 'add', 'township', '云岭乡', '--code', '522799102', '--parent', '522799');
        await desk('org-units');
        assert.equal(await button('划归别的乡镇').count(), 0);          // not the school's own business
        await visitor.close();
        await desk('org-units', 'chief');
        await page.getByRole('link', { name: /松山乡/ }).click();
        await page.getByRole('link', { name: /松山乡中心学校/ }).click();
        await button('划归别的乡镇').click();
        await page.getByLabel('划到哪里').fill('云岭');
        await page.getByRole('dialog').getByRole('button', { name: /云岭乡/ }).click();
        await page.getByRole('dialog').getByRole('button', { name: '划归别的乡镇' }).click();
        await text('这一项要填').waitFor();
        assert.deepEqual(await visitor.axe(), []);
        await page.getByLabel('理由').fill('两个乡合并');
        await page.getByRole('dialog').getByRole('button', { name: '划归别的乡镇' }).click();
        await toast('松山乡中心学校划到云岭乡了');
        await heading('划转经过').waitFor();
        await text('松山乡 → 云岭乡').waitFor();
        await page.getByRole('navigation').or(page.locator('main')).getByRole('link', { name: '云岭乡' }).first().waitFor();
        assert.deepEqual(await visitor.axe(), []);
        await visitor.shot('admin-move');
        await until('the children to follow', async () => (await server.sql(`SELECT COUNT(*) AS n FROM student s JOIN org_unit u ON u.id = s.township_id
            WHERE u.name = '云岭乡'`))[0].n > 1000, 60);
    });

    test('the county changes what a role may do, and cannot lock itself out', async () => {
        await desk('roles', 'chief');
        await page.getByRole('button', { name: /^分管副校长：看账号和职务/ }).click();
        await text('不让分管副校长“看账号和职务”？').waitFor();
        await button('收回').click();
        await toast('分管副校长改好了');
        await page.getByRole('button', { name: '分管副校长：看账号和职务 不能' }).waitFor();
        visitor.expects(/409/);
        await page.getByRole('button', { name: /^系统管理员：改各职务能做什么/ }).click();
        await button('收回').click();
        await text('您自己就再也改不了了').waitFor();
    });

    test('the county makes a school and looks after it', async () => {
        await desk('org-units', 'chief');
        await page.getByRole('link', { name: /松山乡/ }).click();
        await button('新建单位').click();
        await page.getByRole('dialog').getByLabel('名称').fill('新塘小学');
        await page.getByRole('dialog').getByLabel('标识码').fill('215200');
        await page.getByRole('dialog').getByLabel('学段').selectOption({ label: '小学' });
        await page.getByRole('dialog').getByRole('button', { name: '新建单位' }).click();
        await text('学校标识码是 10 位数字。').waitFor();
        await page.getByRole('dialog').getByLabel('标识码').fill('2152009999');
        await page.getByRole('dialog').getByRole('button', { name: '新建单位' }).click();
        await page.getByRole('link', { name: /新塘小学/ }).click();
        await heading('新塘小学').waitFor();
        await link('开学准备').last().click();
        await heading(/新塘小学开学前还差/).waitFor();
    });

    test('a principal sees who works here and changes nothing', async () => {
        await desk('accounts', 'head');
        await page.getByRole('link', { name: /吴敏/ }).click();
        await heading('吴敏').waitFor();
        assert.equal(await button('停用').count(), 0);
        assert.equal(await link('新建账号').count(), 0);
    });
});

describe('every page', () => {
    const pages = ['admin', 'accounts', 'accounts/new', 'accounts/bulk', 'org-units', 'roles', 'rules', 'texts', 'installed-plugins'];

    for (const [size, language] of [['phone', 'zh-CN'], ['phone', 'en'], ['desktop', 'zh-CN'], ['desktop', 'en']]) {
        test(`fits and can be read aloud: ${size}, ${language}`, async () => {
            await server.sql("UPDATE account SET language = ? WHERE login = 'deng'", [language]);
            await desk('admin', 'deng', { size, language });
            try {
                for (const to of pages) {
                    await visitor.open(to);
                    assert.equal(await visitor.overflow(), 0, to);
                    assert.deepEqual(await visitor.axe(), [], to);
                    await visitor.shot(`admin-${to.replace('/', '-')}-${size}-${language}`, { fullPage: true });
                }
            } finally {
                await server.sql("UPDATE account SET language = NULL WHERE login = 'deng'");
            }
        });
    }

    test('the words can be looked up', async () => {
        await desk('texts');
        await page.getByText('全部文字（只看）').click();
        await page.getByLabel('找一句话或一个键').fill('leave-requests.state.approved');
        await page.getByRole('row', { name: /已同意|同意/ }).first().waitFor();
    });
});
