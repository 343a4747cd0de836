/*
 * roster_guardian.c: the guardians a roster names, their links to the children, and the codes with which they sign in first.
 * A guardian is one person for all their children, in whatever school: the same name with the same phone. A name that stays
 * while the phone changes is the same person with a new phone.
 */
#include "flow/roster_run.h"

#include <string.h>

#define CODE_LENGTH  8

static const char sql_links[] =
    "SELECT l.student_id, l.ordinal, l.relation_text, g.id, g.version, g.name, g.phone, g.phone_hash, g.id_number, g.id_hash,"
    " g.account_id FROM student_guardian l JOIN guardian g ON g.id = l.guardian_id WHERE l.ends_on IS NULL AND l.student_id IN (";

static const char sql_people[] =
    "SELECT g.id, g.version, g.name, g.phone_hash, g.id_hash, g.account_id FROM guardian g WHERE g.phone_hash IN (";

static const char sql_codes[] =
    "SELECT v.guardian_id FROM activation v WHERE v.used_at IS NULL AND v.expires_on >= ? AND v.guardian_id IN (";

static const char sql_guardian_insert[] =
    "INSERT INTO guardian (id, name, phone, phone_hash, id_number, id_hash, created_at, updated_at) VALUES ";
static const char sql_guardian_phone[] =
    "UPDATE guardian SET phone = ?, phone_hash = ?, version = version + 1, updated_at = ? WHERE id = ? AND version = ?";
static const char sql_guardian_id[] =
    "UPDATE guardian SET id_number = ?, id_hash = ?, version = version + 1, updated_at = ? WHERE id = ? AND version = ?";

static const char sql_tie_insert[] =
    "INSERT INTO student_guardian (student_id, guardian_id, relation, relation_text, ordinal) VALUES ";
static const char sql_tie_again[] =
    " ON DUPLICATE KEY UPDATE relation = VALUES(relation), relation_text = VALUES(relation_text), ordinal = VALUES(ordinal),"
    " ends_on = NULL";
static const char sql_tie_end[] = "UPDATE student_guardian SET ends_on = ? WHERE student_id = ? AND guardian_id = ?";

static const char sql_code_insert[] =
    "INSERT INTO activation (id, guardian_id, school_id, code, code_hash, expires_on, created_at) VALUES ";
#define CODE_COLUMNS  7


/* ------------------------------------------------------------------ people of the batch */

static bool
same_hash(const bx_value *a, const bx_value *b)
{
    return a->kind != BX_V_NULL && b->kind != BX_V_NULL && a->len == b->len && memcmp(a->s, b->s, a->len) == 0;
}


static bx_person *
person_by_id(bx_batch *b, bx_id id)
{
    for (size_t i = 0; i < b->npeople; i++) {
        if (b->people[i]->id == id) {
            return b->people[i];
        }
    }

    return NULL;
}


static bx_person *
person_by_name(bx_batch *b, const char *name, const bx_value *phone_hash)
{
    for (size_t i = 0; i < b->npeople; i++) {
        if (same_hash(&b->people[i]->phone_hash, phone_hash) && strcmp(b->people[i]->name, name) == 0) {
            return b->people[i];
        }
    }

    return NULL;
}


static bx_person *
person_add(bx_batch *b, bx_person given)
{
    bx_person  *p = bx_alloc(b->run->arena, sizeof(*p));

    if (b->npeople == b->people_room) {
        size_t      room = b->people_room ? b->people_room * 2 : 512;
        bx_person **grown = bx_alloc(b->run->arena, room * sizeof(*grown));

        if (grown == NULL) {
            return NULL;
        }
        if (b->npeople) {
            memcpy(grown, b->people, b->npeople * sizeof(*grown));
        }
        b->people = grown;
        b->people_room = room;
    }
    if (p == NULL) {
        return NULL;
    }

    *p = given;
    b->people[b->npeople++] = p;
    return p;
}


static bx_rc
out_of_memory(bx_batch *b)
{
    return bx_refuse(b->run->c, BX_E_MEMORY, NULL, NULL, NULL);
}


static bx_rc
query_in(bx_batch *b, bx_rows *out, const char *head, const bx_value *first, const bx_value *values, size_t n)
{
    bx_buf     sql;
    bx_value  *args = bx_alloc(b->run->arena, (BX_IN_ROOM + 1) * sizeof(*args));
    size_t     nargs = 0;

    bx_buf_init(&sql, b->run->arena);
    bx_buf_str(&sql, head);
    if (args == NULL) {
        return out_of_memory(b);
    }
    if (first != NULL) {
        args[nargs++] = *first;
    }
    nargs += bx_in_list(&sql, args + nargs, values, n);
    bx_buf_str(&sql, ")");

    return sql.failed ? out_of_memory(b) : bx_query(b->run->c, out, sql.data, args, nargs);
}


/* ------------------------------------------------------------------ links there are */

static bx_rc
unsealed(bx_batch *b, const bx_value *cell, const char **out)
{
    char  *plain = NULL;

    *out = NULL;
    if (cell->kind != BX_V_NULL && bx_unseal(b->run->arena, cell, &plain) != BX_OK) {
        return bx_refuse(b->run->c, BX_E_INTERNAL, NULL, NULL, NULL);
    }

    *out = plain;
    return BX_OK;
}


static bx_rc
add_link(bx_batch *b, const bx_rows *rows, size_t i)
{
    bx_link    *l = &b->links[b->nlinks];
    bx_person  *p = person_by_id(b, bx_cell_int(rows, i, 3));

    if (p == NULL) {
        p = person_add(b, (bx_person) { .id = bx_cell_int(rows, i, 3), .version = bx_cell_int(rows, i, 4),
            .name = bx_cell_text(rows, i, 5), .phone_hash = *bx_cell(rows, i, 7), .id_hash = *bx_cell(rows, i, 9),
            .account = bx_cell(rows, i, 10)->kind != BX_V_NULL });
    }
    if (p == NULL) {
        return out_of_memory(b);
    }

    *l = (bx_link) { bx_cell_int(rows, i, 0), p, bx_cell_text(rows, i, 2), NULL, NULL, (int) bx_cell_int(rows, i, 1) };
    b->nlinks++;
    return unsealed(b, bx_cell(rows, i, 6), &l->phone) == BX_OK ? unsealed(b, bx_cell(rows, i, 8), &l->id_number) : BX_FAIL;
}


static bx_link *
link_of(bx_batch *b, bx_id student, int ordinal)
{
    for (size_t i = 0; i < b->nlinks; i++) {
        if (b->links[i].student == student && b->links[i].ordinal == ordinal) {
            return &b->links[i];
        }
    }

    return NULL;
}


bx_rc
bx_batch_load_links(bx_batch *b)
{
    bx_value  *ids = bx_alloc(b->run->arena, (b->n + 1) * sizeof(*ids));
    bx_rows    rows;
    size_t     n = 0;

    if (ids == NULL) {
        return out_of_memory(b);
    }
    for (size_t i = 0; i < b->n; i++) {
        if (b->entries[i].outcome == BX_O_CHANGED) {
            ids[n++] = bx_int(b->entries[i].pupil->id);
        }
    }
    if (n == 0) {
        return BX_OK;
    }

    if (query_in(b, &rows, sql_links, NULL, ids, n) != BX_OK) {
        return BX_FAIL;
    }
    b->links = bx_alloc(b->run->arena, (rows.nrows + 1) * sizeof(*b->links));
    if (b->links == NULL) {
        return out_of_memory(b);
    }
    for (size_t i = 0; i < rows.nrows; i++) {
        if (add_link(b, &rows, i) != BX_OK) {
            return BX_FAIL;
        }
    }

    for (size_t i = 0; i < b->n; i++) {       /* what the links say, in the words of a row */
        bx_pupil *p = b->entries[i].pupil;

        for (int m = 0; b->entries[i].outcome == BX_O_CHANGED && m < BX_ROSTER_MEMBERS; m++) {
            bx_link *l = link_of(b, p->id, m + 1);

            if (l != NULL) {
                p->v[BX_R_OF(m, BX_M_NAME)] = l->person->name;
                p->v[BX_R_OF(m, BX_M_RELATION)] = l->relation;
                p->v[BX_R_OF(m, BX_M_PHONE)] = l->phone;
                p->v[BX_R_OF(m, BX_M_ID_NUMBER)] = l->id_number;
                p->v[BX_R_OF(m, BX_M_GUARDIAN)] = "1";
            }
        }
    }

    return BX_OK;
}


/* ------------------------------------------------------------------ guardians the rows name */

static const char *
relation_code(const char *text)
{
    static const char *const words[][2] = {
        { "外祖父", "grandfather" }, { "外祖母", "grandmother" }, { "祖父", "grandfather" }, { "祖母", "grandmother" },
        { "外公", "grandfather" }, { "外婆", "grandmother" }, { "爷爷", "grandfather" }, { "奶奶", "grandmother" },
        { "姥爷", "grandfather" }, { "姥姥", "grandmother" }, { "父亲", "father" }, { "母亲", "mother" }, { "爸爸", "father" },
        { "妈妈", "mother" }, { "父", "father" }, { "母", "mother" }
    };

    for (size_t i = 0; text && i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(text, words[i][0]) == 0) {
            return words[i][1];
        }
    }

    return "other";
}


static const char *
at_most(bx_arena *a, const char *s, size_t characters)
{
    for (size_t i = 0; s && s[i]; i++) {
        if (((unsigned char) s[i] & 0xc0) != 0x80 && characters-- == 0) {
            return bx_strndup(a, s, i);
        }
    }

    return s;
}


static bx_rc
load_people(bx_batch *b)
{
    bx_arena  *a = b->run->arena;
    bx_value  *hashes = bx_alloc(a, (b->n * BX_ROSTER_MEMBERS + 1) * sizeof(*hashes));
    size_t     n = 0;
    bx_rows    rows;

    if (hashes == NULL) {
        return out_of_memory(b);
    }
    for (size_t i = 0; i < b->n; i++) {
        bx_entry *e = &b->entries[i];

        for (int m = 0; (e->outcome == BX_O_ADDED || e->outcome == BX_O_CHANGED) && m < BX_ROSTER_MEMBERS; m++) {
            const char *flag = e->v[BX_R_OF(m, BX_M_GUARDIAN)], *phone = e->v[BX_R_OF(m, BX_M_PHONE)];

            if (flag != NULL && *flag == '1' && phone != NULL) {
                hashes[n++] = bx_lookup_hash(a, "phone", phone);
            }
        }
    }
    if (n == 0) {
        return BX_OK;
    }

    if (query_in(b, &rows, sql_people, NULL, hashes, n) != BX_OK) {
        return BX_FAIL;
    }
    for (size_t i = 0; i < rows.nrows; i++) {
        if (person_by_id(b, bx_cell_int(&rows, i, 0)) == NULL
            && person_add(b, (bx_person) { .id = bx_cell_int(&rows, i, 0), .version = bx_cell_int(&rows, i, 1),
                   .name = bx_cell_text(&rows, i, 2), .phone_hash = *bx_cell(&rows, i, 3), .id_hash = *bx_cell(&rows, i, 4),
                   .account = bx_cell(&rows, i, 5)->kind != BX_V_NULL }) == NULL)
        {
            return out_of_memory(b);
        }
    }

    return BX_OK;
}


static bx_rc
sealed_pair(bx_batch *b, const char *purpose, const char *plain, bx_value *seal, bx_value *hash)
{
    *seal = *hash = bx_null();
    if (plain == NULL) {
        return BX_OK;
    }

    *hash = bx_lookup_hash(b->run->arena, purpose, plain);
    return bx_seal(b->run->arena, plain, seal) == BX_OK ? BX_OK : bx_refuse(b->run->c, BX_E_INTERNAL, NULL, NULL, NULL);
}


static bx_rc
make_person(bx_batch *b, const char *name, const char *phone, const char *id, bx_person **out)
{
    bx_value  phone_seal, phone_hash, id_seal, id_hash;

    if (sealed_pair(b, "phone", phone, &phone_seal, &phone_hash) != BX_OK || sealed_pair(b, "id", id, &id_seal, &id_hash) != BX_OK) {
        return BX_FAIL;
    }

    *out = person_add(b, (bx_person) { .id = bx_id_new(), .version = 1, .name = name, .phone_hash = phone_hash, .id_hash = id_hash,
                                       .fresh = true });
    if (*out == NULL) {
        return out_of_memory(b);
    }

    bx_insert_add(&b->guardians, (bx_value[]) { bx_int((*out)->id), bx_text(name), phone_seal, phone_hash, id_seal, id_hash,
                                                b->run->now, b->run->now });
    b->guardians_made++;
    return BX_OK;
}


/* Brings one guardian's number up to date: sql is sql_guardian_phone or sql_guardian_id. */
static bx_rc
update_person(bx_batch *b, bx_person *p, const char *sql, const char *purpose, const char *plain, bx_value *stored)
{
    bx_value  seal, hash;

    if (plain == NULL || p->fresh) {
        return BX_OK;
    }
    if (sealed_pair(b, purpose, plain, &seal, &hash) != BX_OK) {
        return BX_FAIL;
    }
    if (same_hash(stored, &hash)) {
        return BX_OK;
    }

    *stored = hash;
    return bx_queue(b->run->c, 1, sql, BX_ARGS(seal, hash, b->run->now, bx_int(p->id), bx_int(p->version++)));
}


/* The person that member m of the row is: linked already, known by name and phone, or new. */
static bx_rc
resolve(bx_batch *b, const bx_entry *e, int m, bx_person **out)
{
    const char  *name = e->v[BX_R_OF(m, BX_M_NAME)], *phone = e->v[BX_R_OF(m, BX_M_PHONE)], *id = e->v[BX_R_OF(m, BX_M_ID_NUMBER)];
    bx_value     hash = phone ? bx_lookup_hash(b->run->arena, "phone", phone) : bx_null();
    bx_link     *l = e->pupil ? link_of(b, e->pupil->id, m + 1) : NULL;
    bx_person   *p = phone ? person_by_name(b, name, &hash) : NULL;

    if (p == NULL && phone != NULL && bx_seen_find(b->run, name, &hash) != NULL) {
        p = person_add(b, *bx_seen_find(b->run, name, &hash));
        if (p == NULL) {
            return out_of_memory(b);
        }
        p->fresh = p->touched = false;
        p->has_code = true;
    }
    if (p == NULL && l != NULL && strcmp(l->person->name, name) == 0) {
        p = l->person;                        /* the same person; the phone is new, or there is none */
        if (update_person(b, p, sql_guardian_phone, "phone", phone, &p->phone_hash) != BX_OK) {
            return BX_FAIL;
        }
    }
    if (p == NULL && make_person(b, name, phone, id, &p) != BX_OK) {
        return BX_FAIL;
    }

    *out = p;
    return update_person(b, p, sql_guardian_id, "id", id, &p->id_hash);
}


static bx_rc
end_replaced(bx_batch *b, const bx_entry *e, bx_person *const *wanted)
{
    for (size_t i = 0; e->pupil && i < b->nlinks; i++) {
        bx_link     *l = &b->links[i];
        int          m = l->ordinal - 1;
        const char  *flag, *name;
        bool         replaced, released;

        if (l->student != e->pupil->id || m < 0 || m >= BX_ROSTER_MEMBERS || l->person == wanted[0] || l->person == wanted[1]) {
            continue;
        }
        flag = e->v[BX_R_OF(m, BX_M_GUARDIAN)];
        name = e->v[BX_R_OF(m, BX_M_NAME)];
        replaced = wanted[m] != NULL;
        released = flag != NULL && *flag == '0' && name != NULL && strcmp(name, l->person->name) == 0;
        if ((replaced || released)
            && bx_queue(b->run->c, 1, sql_tie_end, BX_ARGS(b->run->today, bx_int(l->student), bx_int(l->person->id))) != BX_OK)
        {
            return BX_FAIL;
        }
    }

    return BX_OK;
}


static bx_rc
tie(bx_batch *b, const bx_entry *e)
{
    bx_person  *wanted[BX_ROSTER_MEMBERS] = { NULL };

    for (int m = 0; m < BX_ROSTER_MEMBERS; m++) {
        const char *flag = e->v[BX_R_OF(m, BX_M_GUARDIAN)], *name = e->v[BX_R_OF(m, BX_M_NAME)];

        if (flag == NULL || *flag != '1' || name == NULL) {
            continue;
        }
        if (resolve(b, e, m, &wanted[m]) != BX_OK || wanted[m] == NULL) {
            return BX_FAIL;
        }
        wanted[m]->touched = true;
    }
    if (wanted[0] == wanted[1]) {
        wanted[1] = NULL;
    }

    for (int m = 0; m < BX_ROSTER_MEMBERS; m++) {
        const char *relation = e->v[BX_R_OF(m, BX_M_RELATION)];
        bx_link    *l = e->pupil ? link_of(b, e->pupil->id, m + 1) : NULL;

        if (wanted[m] == NULL
            || (l != NULL && l->person == wanted[m] && relation != NULL && l->relation != NULL && strcmp(l->relation, relation) == 0))
        {
            continue;
        }
        bx_insert_add(&b->ties, (bx_value[]) { bx_int(e->student), bx_int(wanted[m]->id), bx_text(relation_code(relation)),
                                               bx_text(at_most(b->run->arena, relation, 40)), bx_int(m + 1) });
    }

    return end_replaced(b, e, wanted);
}


/* ------------------------------------------------------------------ activation codes */

static bx_rc
code_values(bx_call *c, bx_id guardian, bx_id school, bx_date expires, bx_value out[CODE_COLUMNS])
{
    bx_arena  *a = bx_call_arena(c);
    char      *code = bx_code_new(a, CODE_LENGTH);
    bx_value   seal;

    if (code == NULL || bx_seal(a, code, &seal) != BX_OK) {
        return bx_refuse(c, BX_E_INTERNAL, NULL, NULL, NULL);
    }

    memcpy(out, (bx_value[]) { bx_int(bx_id_new()), bx_int(guardian), bx_int(school), seal, bx_lookup_hash(a, "code", code),
                               bx_text(bx_date_text(a, expires)), bx_text(bx_time_sql(a, bx_call_now(c))) },
           CODE_COLUMNS * sizeof(*out));
    return BX_OK;
}


bx_rc
bx_activation_queue(bx_call *c, bx_id guardian, bx_id school, bx_date expires)
{
    bx_insert  in = { .arena = bx_call_arena(c), .head = sql_code_insert, .tail = "", .width = CODE_COLUMNS };
    bx_value   values[CODE_COLUMNS];

    if (code_values(c, guardian, school, expires, values) != BX_OK) {
        return BX_FAIL;
    }

    bx_insert_add(&in, values);
    return bx_insert_queue(c, &in);
}


bx_rc
bx_activation_expiry(bx_call *c, bx_id school, bx_date *out)
{
    int64_t  days;

    if (bx_rule_int(c, "import.code_days", school, &days) != BX_OK) {
        return BX_FAIL;
    }

    *out = bx_date_of(bx_call_now(c)) + (bx_date) days;
    return BX_OK;
}


/* Guardians named in this batch who can sign in but never have: no account, a phone, and no code that still holds. */
static bx_rc
make_codes(bx_batch *b)
{
    bx_value  *ids = bx_alloc(b->run->arena, (b->npeople + 1) * sizeof(*ids)), values[CODE_COLUMNS];
    bx_rows    rows = { 0 };
    size_t     n = 0;

    if (ids == NULL) {
        return out_of_memory(b);
    }
    for (size_t i = 0; i < b->npeople; i++) {
        bx_person *p = b->people[i];

        if (p->touched && !p->fresh && !p->account) {
            ids[n++] = bx_int(p->id);
        }
    }
    if (n > 0 && query_in(b, &rows, sql_codes, &b->run->today, ids, n) != BX_OK) {
        return BX_FAIL;
    }
    for (size_t i = 0; i < rows.nrows; i++) {
        bx_person *p = person_by_id(b, bx_cell_int(&rows, i, 0));

        if (p != NULL) {
            p->has_code = true;
        }
    }

    for (size_t i = 0; i < b->npeople; i++) {
        bx_person *p = b->people[i];

        if (!p->touched || p->account || p->has_code || p->phone_hash.kind == BX_V_NULL) {
            continue;
        }
        if (code_values(b->run->c, p->id, b->run->school_id, b->run->code_expiry, values) != BX_OK) {
            return BX_FAIL;
        }
        bx_insert_add(&b->codes, values);
    }

    return BX_OK;
}


bx_rc
bx_batch_guardians(bx_batch *b)
{
    bx_arena  *a = b->run->arena;
    bx_call   *c = b->run->c;

    b->guardians = (bx_insert) { .arena = a, .head = sql_guardian_insert, .tail = "", .width = 8 };
    b->ties = (bx_insert) { .arena = a, .head = sql_tie_insert, .tail = sql_tie_again, .width = 5 };
    b->codes = (bx_insert) { .arena = a, .head = sql_code_insert, .tail = "", .width = CODE_COLUMNS };

    if (load_people(b) != BX_OK) {
        return BX_FAIL;
    }
    for (size_t i = 0; i < b->n; i++) {
        if ((b->entries[i].outcome == BX_O_ADDED || b->entries[i].outcome == BX_O_CHANGED) && tie(b, &b->entries[i]) != BX_OK) {
            return BX_FAIL;
        }
    }
    if (make_codes(b) != BX_OK) {
        return BX_FAIL;
    }

    return bx_insert_queue(c, &b->guardians) == BX_OK && bx_insert_queue(c, &b->ties) == BX_OK
           ? bx_insert_queue(c, &b->codes) : BX_FAIL;
}
