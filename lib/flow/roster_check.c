/*
 * roster_check.c: is this table a roster, and what is wrong with its rows. Pure: no database, no clock of its own. One cell:
 * roster_cell.c; how it is shown: roster_words.c.
 */
#include "flow/roster_cell.h"

#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ one row */


static const char *
cell_text(bx_roster_checker *k, unsigned column)
{
    const char  *raw = bx_roster_cell_at(k->row, k->roster->at[column]), *text;

    if (*raw == '\0') {
        return "";
    }

    text = bx_trim(k->arena, raw);
    if (column < BX_R_MEMBER && column != BX_R_ADDRESS) {
        text = bx_fold_width(k->arena, text);
        text = text ? bx_trim(k->arena, text) : NULL;
    }
    if (text != NULL && !bx_text_clean(text)) {
        bx_roster_fault_at(k, column, "control_characters", NULL);
        return "";
    }

    return text ? text : "";
}


static void
check_guardian(bx_roster_checker *k, int m)
{
    const char   **v = k->row->v;
    unsigned       phone = BX_R_OF(m, BX_M_PHONE), id = BX_R_OF(m, BX_M_ID_NUMBER), type = BX_R_OF(m, BX_M_ID_TYPE);
    const char    *number, *text = v[phone];

    if (v[BX_R_OF(m, BX_M_NAME)] == NULL) {
        bx_roster_fault_at(k, BX_R_OF(m, BX_M_NAME), "missing_guardian_name", NULL);
    }
    for (unsigned f = BX_M_NAME; f <= BX_M_RELATION; f++) {
        if (v[BX_R_OF(m, f)] != NULL) {
            (void) bx_roster_has_slipped(k, BX_R_OF(m, f), v[BX_R_OF(m, f)]);
        }
    }
    if (text != NULL) {
        v[phone] = NULL;
        bx_roster_take_phone(k, phone, text);
    }

    text = v[id];
    if (text == NULL) {
        return;
    }
    v[id] = NULL;
    number = bx_roster_plain_number(k->arena, bx_fold_width(k->arena, text));
    if (v[type] == NULL || bx_roster_code_of(bx_roster_id_types, v[type]) == NULL || strchr("12", *bx_roster_code_of(bx_roster_id_types, v[type])) != NULL) {
        bx_roster_take_citizen_number(k, id, number, NULL, NULL);
    } else {
        bx_roster_take_other_number(k, id, number);
    }
}


/* Only guardians are checked: what the roster says of other relatives is kept as it stands. Without the column 是否监护人
 * parents are guardians (Civil Code, article 27). */
static void
check_member(bx_roster_checker *k, int m)
{
    const char   **v = k->row->v;
    unsigned       flag = BX_R_OF(m, BX_M_GUARDIAN);
    const char    *relation;
    bool           anything = false;

    for (unsigned f = 0; f < BX_M_COUNT; f++) {
        unsigned    column = BX_R_OF(m, f);
        const char *text = cell_text(k, column);

        if (*text == '\0') {
            continue;
        }
        anything = true;
        if (f == BX_M_GUARDIAN) {
            bx_roster_take_yes_no(k, column, bx_fold_width(k->arena, text));
        } else if (f == BX_M_NAME) {
            bx_roster_take_name(k, column, bx_fold_width(k->arena, text));
        } else {
            bx_roster_take_text(k, column, text);
        }
    }

    relation = v[BX_R_OF(m, BX_M_RELATION)];
    if (k->roster->at[flag] < 0 && v[BX_R_OF(m, BX_M_NAME)] != NULL && relation != NULL) {
        v[flag] = bx_roster_is_word("父亲 母亲 父 母 爸爸 妈妈", relation) ? "1" : "0";
    }
    if (anything && v[flag] != NULL && *v[flag] == '1') {
        check_guardian(k, m);
    }
}


/* Cells that must say something, and what the identity number says of birth and sex. */
static void
check_whole(bx_roster_checker *k)
{
    static const struct { unsigned column; const char *reason; } needed[] = {
        { BX_R_NAME, "missing_name" }, { BX_R_SEX, "missing_sex" }, { BX_R_BIRTH, "missing_birth" }, { BX_R_CLASS, "missing_class" }
    };
    const char  **v = k->row->v, *born;
    bool          has_id = *bx_roster_cell_at(k->row, k->roster->at[BX_R_ID_NUMBER]) != '\0';
    bool          has_no = *bx_roster_cell_at(k->row, k->roster->at[BX_R_ENROLMENT_NO]) != '\0';

    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        if (*bx_roster_cell_at(k->row, k->roster->at[needed[i].column]) == '\0') {
            bx_roster_fault_at(k, needed[i].column, needed[i].reason, NULL);
        }
    }
    if (!has_id && !has_no) {
        bx_roster_fault_at(k, k->roster->at[BX_R_ID_NUMBER] >= 0 ? BX_R_ID_NUMBER : BX_R_ENROLMENT_NO, "missing_id", NULL);
    }

    if (k->id_birth == BX_NO_DATE) {
        return;
    }
    born = bx_date_text(k->arena, k->id_birth);
    if (v[BX_R_BIRTH] != NULL && born != NULL && strcmp(born, v[BX_R_BIRTH]) != 0) {
        bx_roster_fault_at(k, BX_R_BIRTH, "birth_contradicts_id", json_pack("{s:s}", "id_birth", born));
    }
    if (v[BX_R_SEX] != NULL && *v[BX_R_SEX] - '0' != k->id_sex) {
        bx_roster_fault_at(k, BX_R_SEX, "sex_contradicts_id", json_pack("{s:s}", "as", k->id_sex == 1 ? "male" : "female"));
    }
}


static void
check_row(bx_roster_checker *k)
{
    k->id_birth = BX_NO_DATE;
    k->id_sex = 0;

    for (unsigned c = 0; c < BX_R_MEMBER; c++) {
        const char *text = bx_roster_takes(c) ? cell_text(k, c) : "";

        if (*text != '\0') {
            bx_roster_take(k, c, text);
        }
    }
    for (int m = 0; m < BX_ROSTER_MEMBERS; m++) {
        check_member(k, m);
    }
    for (unsigned c = BX_R_EXTRA; c < BX_R_COUNT; c++) {
        const char *text = cell_text(k, c);

        if (*text != '\0') {
            bx_roster_take_text(k, c, text);
        }
    }

    check_whole(k);
}


/* ------------------------------------------------------------------ the same number twice */

typedef struct { const char *number; bx_roster_row *row; } numbered;


static int
by_number(const void *a, const void *b)
{
    const numbered  *x = a, *y = b;
    int              d = strcmp(x->number, y->number);

    return d ? d : x->row->row < y->row->row ? -1 : 1;
}


/* The first row of a number stands, the later ones are sent back. */
static bx_rc
find_twins(bx_roster *r, unsigned column, const char *reason)
{
    numbered  *list = bx_alloc(r->arena, (r->nrows + 1) * sizeof(*list)), *first = NULL;
    size_t     n = 0;

    if (list == NULL) {
        return BX_FAIL;
    }
    for (size_t i = 0; i < r->nrows; i++) {
        if (r->rows[i].v[column] != NULL) {
            list[n++] = (numbered) { r->rows[i].v[column], &r->rows[i] };
        }
    }

    qsort(list, n, sizeof(*list), by_number);
    for (size_t i = 0; i < n; i++) {
        if (first == NULL || strcmp(first->number, list[i].number) != 0) {
            first = &list[i];
            continue;
        }
        bx_roster_fault_add(r, list[i].row, column, reason,
            json_pack("{s:i, s:s}", "row", (int) first->row->row, "name", first->row->v[BX_R_NAME] ? first->row->v[BX_R_NAME] : ""));
    }

    return BX_OK;
}


/* ------------------------------------------------------------------ the whole sheet */

bx_rc
bx_roster_check(bx_arena *a, const bx_sheet *sheet, const char *mapping, const bx_roster_school *school, bx_roster *out,
                bx_roster_refusal *why)
{
    bx_roster_checker  k = { .roster = out, .school = school, .arena = a };
    size_t   first;

    if (bx_roster_columns(a, sheet, mapping, out, why) != BX_OK) {
        return BX_FAIL;
    }
    if (out->missing != NULL) {
        why->reason = "import.missing_columns";
        why->params = bx_own(a, json_pack("{s:s, s:i}", "columns", out->missing, "row", (int) out->heading->row));
        return BX_FAIL;
    }

    why->reason = "import.internal";
    out->rows = bx_alloc(a, out->nrows * sizeof(*out->rows));
    if (out->rows == NULL) {
        return BX_FAIL;
    }

    first = sheet->nrows - out->nrows;
    for (size_t i = 0; i < out->nrows; i++) {
        k.row = &out->rows[i];
        k.row->cells = &sheet->rows[first + i];
        k.row->row = k.row->cells->row;
        check_row(&k);
    }

    if (find_twins(out, BX_R_ID_NUMBER, "duplicate_id") != BX_OK
        || find_twins(out, BX_R_ENROLMENT_NO, "duplicate_enrolment_no") != BX_OK)
    {
        return BX_FAIL;
    }

    why->reason = NULL;
    return BX_OK;
}
